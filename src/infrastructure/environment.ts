/** Exact names and prefixes that Terraform and what it starts may see; never TF_VAR_*, TF_LOG* or TF_CLI_ARGS*. */
const names = new Set([
	'PATH',
	'HOME',
	'USER',
	'LOGNAME',
	'SHELL',
	'LANG',
	'LANGUAGE',
	'TZ',
	'TMPDIR',
	'TEMP',
	'TMP',
	'SSL_CERT_FILE',
	'SSL_CERT_DIR',
	'HTTP_PROXY',
	'HTTPS_PROXY',
	'NO_PROXY',
	'http_proxy',
	'https_proxy',
	'no_proxy',
	'XDG_CONFIG_HOME',
	'XDG_CACHE_HOME',
	'TF_PLUGIN_CACHE_DIR',
]);

/**
 * The environment of a Terraform run: an allow-list of the tool's own, plus what the provider in use names in `also` (its credentials).
 * `exists` says whether a file is there: a TF_CLI_CONFIG_FILE that names no file would only make Terraform complain.
 */
export const terraformEnvironment = (
	env: NodeJS.ProcessEnv,
	exists: (path: string) => boolean,
	also: readonly string[] = [],
): Record<string, string> => {
	const kept: Record<string, string> = {};
	for (const [name, value] of Object.entries(env)) {
		if (value === undefined) continue;
		if (names.has(name) || name.startsWith('LC_') || also.includes(name)) kept[name] = value;
	}
	const config = env.TF_CLI_CONFIG_FILE;
	if (config !== undefined && exists(config)) kept.TF_CLI_CONFIG_FILE = config;
	return {...kept, CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1'};
};
