import type {UpgradeAsked, UpgradeDeps, UpgradeResult} from '../wizard/upgrade/deps.ts';
import {startUpgrade} from '../wizard/upgrade/reducer.ts';
import {chooseFrontEnd, noTerminal} from './choose.ts';
import type {OutputOptions} from './types.ts';

/**
 * The upgrade wizard, on the full screen or line by line. Resolves with how it ended; rejects with the error of the check or of the work
 * when the person leaves after one, and with that of a detached view. Without a terminal: AppError `no-terminal`, exit 2.
 */
export async function runUpgradeWizard(
	deps: UpgradeDeps,
	options: OutputOptions,
	asked: UpgradeAsked = {},
): Promise<UpgradeResult> {
	const {stdin, stdout, env, flags} = options;
	const frontEnd = chooseFrontEnd({
		stdinIsTty: stdin.isTTY,
		stdoutIsTty: stdout.isTTY,
		env,
		...(flags === undefined ? {} : {flags}),
	});
	if (frontEnd === 'none')
		throw noTerminal(['constellation upgrade apply --accept-measurements DIGEST --yes   upgrades without questions']);
	if (frontEnd !== 'ink') {
		const {upgradeInLines} = await import('./upgrade-lines.ts');
		return upgradeInLines(asked, deps, options);
	}
	const {upgradeOnScreen} = await import('./upgrade-screen.ts');
	return upgradeOnScreen(startUpgrade(asked), deps, options);
}
