import {resolveKubernetesVersion} from '../config/versions.ts';
import {checkForUpgrade, strandsNode} from '../flows/upgrade/check.ts';
import {openUpgrade} from '../flows/upgrade/dependencies.ts';
import {rehearsalSentence} from '../summary.ts';
import {vouchWishes} from './settle.ts';
import {type CommandInput, type CommandModule, textFlag} from './types.ts';
import {busyLines, nothingLines, partLines, proposalLines} from './upgrade-words.ts';

export const check: CommandModule = async (context, input) => {
	const {name, parts, busy, proposal} = await checkForUpgrade(await openUpgrade(context, vouchWishes(input)), askedFor(input));
	const data = {name, upToDate: proposal === undefined && !busy, busy, ...parts};
	if (proposal === undefined) {
		const [title, ...next] = nothingLines(name, parts.image.running, busy);
		return {command: 'upgrade check', data, lines: [title, rehearsalSentence, '', ...partLines(parts), ...next]};
	}
	const {target, measurements, plan, strand, vouched} = proposal;
	if (strand.counterexample !== undefined) throw strandsNode(strand.counterexample);
	const change = (from: string, to: string) => (from === to ? `stays ${from}` : `${from} → ${to}`);
	const title = `${name}: image ${change(parts.image.running, target.image)}, Kubernetes ${change(parts.kubernetes.running, target.kubernetes)}`;
	return {
		command: 'upgrade check',
		data: {...data, measurements, ...(vouched === undefined ? {} : {vouched}), plan, strand, target},
		lines: [title, rehearsalSentence, '', ...partLines(parts), ...busyLines(busy), '', ...proposalLines(proposal)],
	};
};

/** The versions of the flags, as they are written everywhere else. */
export function askedFor(input: CommandInput): {image?: string; kubernetes?: string} {
	const [image, kubernetes] = [textFlag(input, 'image'), textFlag(input, 'kubernetes')];
	return {
		...(image === undefined ? {} : {image: image.startsWith('v') ? image : `v${image}`}),
		...(kubernetes === undefined ? {} : {kubernetes: exactKubernetes(kubernetes)}),
	};
}

/** `1.32` means the patch release of it that this tool installs; a whole version means itself. */
function exactKubernetes(text: string): string {
	if (/^v?\d+\.\d+$/.test(text)) return resolveKubernetesVersion(text) ?? text;
	return text.startsWith('v') ? text : `v${text}`;
}
