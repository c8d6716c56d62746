import type {PlatformFacts} from './pck-extension.ts';
import type {ModuleIdentity, PlatformLevel, TcbInfo, VersionLevel} from './tcb-info.ts';

/** Where TEE_TCB_SVN has the version numbers of the TDX module: its security version and its major version. */
const moduleSvn = 0;
const moduleMajor = 1;

/**
 * The first level that the platform reaches in every part, as Intel's PCS API v4 describes under "Get TDX TCB Info". From the second
 * TDX module on, the module has an identity and levels of its own, so its two numbers do not count here. Undefined: none is reached.
 */
export function platformLevel(
	{levels}: Pick<TcbInfo, 'levels'>,
	{components, pceSvn}: Pick<PlatformFacts, 'components' | 'pceSvn'>,
	teeTcbSvn: Uint8Array,
): PlatformLevel | undefined {
	const firstTdx = moduleVersionOf(teeTcbSvn) === 0 ? 0 : 2;
	return levels.find(
		level =>
			pceSvn >= level.pceSvn &&
			level.sgx.every((wanted, index) => (components[index] ?? 0) >= wanted) &&
			level.tdx.every((wanted, index) => index < firstTdx || (teeTcbSvn[index] ?? 0) >= wanted),
	);
}

/** Major version of the TDX module; 0 is the first one, which TCB info describes without an identity of its own. */
export function moduleVersionOf(teeTcbSvn: Uint8Array): number {
	return teeTcbSvn[moduleMajor] ?? 0;
}

/** The first level that the TDX module reaches. */
export function moduleLevel({levels}: Pick<ModuleIdentity, 'levels'>, teeTcbSvn: Uint8Array): VersionLevel | undefined {
	return versionLevel(levels, teeTcbSvn[moduleSvn] ?? 0);
}

export function versionLevel(levels: readonly VersionLevel[], svn: number): VersionLevel | undefined {
	return levels.find(level => svn >= level.svn);
}
