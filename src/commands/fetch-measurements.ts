import path from 'node:path';
import {AppError, exitCodes} from '../errors.ts';
import {concernsIn, concernsRefused} from '../flows/concerns.ts';
import type {FetchWishes} from '../flows/config-measurements.ts';
import {adoptMeasurements, type FetchedMeasurements, fetchMeasurements, requireAccepted} from '../flows/fetch-measurements.ts';
import {changeLines, fetchedJson} from '../flows/measurement-words.ts';
import {withLock} from '../flows/session.ts';
import {trustWorld} from '../flows/trust-world.ts';
import {agreeExpressly} from './consent.ts';
import {type CommandContext, type CommandInput, type CommandModule, textFlag} from './types.ts';

/** `config fetch-measurements`: a change of what the config pins takes a consent of its own; --yes is not one. */
export const fetchMeasurementsCommand: CommandModule = async (context, input) =>
	withLock(context, 'config fetch-measurements', async ({workspace}) => {
		const fetched = await context.output.run('Fetching measurements', signal =>
			fetchMeasurements(workspace, trustWorld(context.env, signal), wishesFrom(input)),
		);
		const asks = fetched.concerns.length > 0 || fetched.needsConsent;
		if (asks && context.output.kind !== 'json') context.surroundings.stdout.write(`${changeLines(fetched).join('\n')}\n\n`);
		await acceptConcerns(context, fetched, concernsIn(textFlag(input, 'accept-concerns') ?? ''));
		await consent(context, fetched, textFlag(input, 'accept-measurements'));
		await context.output.run('Writing the config', signal => adoptMeasurements(fetched, trustWorld(context.env, signal)));
		const {changes, image} = fetched;
		const file = path.relative(process.cwd(), fetched.file);
		return {
			command: 'config fetch-measurements',
			data: {file: fetched.file, ...fetchedJson(fetched)},
			lines: [
				...changeLines(fetched),
				'',
				changes.length === 0
					? `${file} pins the measurements of ${image.version} already.`
					: `${file} pins the measurements of ${image.version} now.`,
			],
		};
	});

function wishesFrom(input: CommandInput): FetchWishes {
	const [from, version, keyFile] = ['from', 'version', 'key'].map(name => textFlag(input, name));
	const transparency = transparencyFrom(input);
	return {
		...(from === undefined ? {} : {from}),
		...(version === undefined ? {} : {version}),
		...(keyFile === undefined ? {} : {keyFile}),
		...(transparency === undefined ? {} : {transparency}),
	};
}

function transparencyFrom(input: CommandInput): 'require' | 'warn' | undefined {
	const text = textFlag(input, 'transparency');
	if (text === undefined || text === 'require' || text === 'warn') return text;
	throw new AppError('--transparency is require or warn.', {
		code: 'usage',
		exitCode: exitCodes.usage,
		problems: [{path: '--transparency', message: `is ${text}`}],
	});
}

/** What would demand less is asked about one by one, before anything else. */
async function acceptConcerns(
	context: CommandContext,
	{concerns}: FetchedMeasurements,
	accepted: ReturnType<typeof concernsIn>,
): Promise<void> {
	for (const concern of concerns) {
		if (accepted.includes(concern.code)) continue;
		await agreeExpressly(context, `${concern.message} Accept that?`, concernsRefused(concerns, accepted));
	}
}

async function consent(context: CommandContext, fetched: FetchedMeasurements, accepted: string | undefined): Promise<void> {
	if (accepted !== undefined) {
		requireAccepted(fetched, accepted);
		return;
	}
	if (!fetched.needsConsent) return;
	const {digest} = fetched.verified;
	const unattended = new AppError('The measurements differ from those that the config pins; nothing was changed.', {
		code: 'measurements-changed',
		exitCode: exitCodes.refused,
		problems: fetched.changes.map(({register}) => ({path: `register ${register}`, message: 'changes'})),
		next: [`--accept-measurements ${digest}   agrees to exactly this file; --yes does not`],
		details: fetchedJson(fetched),
	});
	await agreeExpressly(context, 'Trust these measurements from now on, and not the old ones?', unattended);
}
