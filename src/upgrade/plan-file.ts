import {createHash} from 'node:crypto';
import {z} from 'zod';
import {parseVersion} from '../config/versions.ts';
import {AppError, exitCodes} from '../errors.ts';
import type {FlightPlan} from './flight-plan.ts';

const text = (most: number) => z.string().min(1).max(most);
const version = text(128).refine(value => parseVersion(value) !== undefined, {error: 'is no version'});
const count = z.int().nonnegative();
const digest = z.string().regex(/^sha256:[\da-f]{64}$/);
const name = z.string().regex(/^[\da-z][\da-z.-]{0,252}$/);
const role = z.enum(['control-plane', 'worker']);
const parts = {image: version, services: version, kubernetes: version, components: name};
const list = <T extends z.ZodType>(of: T) => z.array(of).max(10_000);

const planSchema = z.strictObject({
	from: z.strictObject({...parts, generation: count}),
	target: z.strictObject({...parts, measurements: digest}),
	steps: list(
		z.strictObject({
			kind: z.enum(['lock', 'backup', 'policy', 'services', 'kubernetes', 'control-planes', 'workers', 'retire', 'verify']),
			title: text(200),
			state: z.enum(['planned', 'included', 'done']),
			nodes: list(z.strictObject({name, role, evictions: count})),
		}),
	),
	time: z.strictObject({least: z.number(), most: z.number(), basis: z.enum(['recorded', 'default']), samples: count}),
	extraMachines: count,
	blocking: list(z.strictObject({budget: text(600), nodes: list(name), pods: count})),
	interrupted: list(
		z.strictObject({
			workload: text(600),
			nodes: list(name),
			reasons: list(z.enum(['one replica', 'local data', 'no controller'])),
		}),
	),
	irreversible: list(text(500)),
	assumptions: list(text(500)),
}) satisfies z.ZodType<FlightPlan>;

const fileSchema = z.strictObject({
	v: z.literal(1),
	id: z.string().regex(/^upgrade-\d{14}-[\da-f]{8}$/),
	/** ISO 8601. */
	created: z.iso.datetime(),
	/** uid of the cluster. */
	cluster: z.string().regex(/^[\da-f]{8}$/),
	/** What was consented to: the digest of the measurements, and each concern by its code. */
	consent: z.strictObject({
		measurements: digest,
		concerns: list(z.enum(['policy-weaker', 'cluster-register-missing', 'variant-differs', 'signer-differs'])),
	}),
	plan: planSchema,
});

/** plan.json of an upgrade. */
export type PlanFile = z.infer<typeof fileSchema>;

/** Largest plan.json that is read, in bytes. */
export const maxPlanSize = 4 * 1024 * 1024;

export function formatPlan(file: PlanFile): string {
	return `${JSON.stringify(fileSchema.parse(file), undefined, '\t')}\n`;
}

/** Names a plan, so that the plan applied is the plan reviewed: `sha256:` and hex over its text. */
export function planDigest(file: PlanFile): string {
	return `sha256:${createHash('sha256').update(formatPlan(file)).digest('hex')}`;
}

/** Reads plan.json strictly. Throws AppError `plan-invalid` with every problem. */
export function parsePlan(content: string): PlanFile {
	if (content.length > maxPlanSize) throw invalid([{path: '', message: `larger than ${maxPlanSize} bytes`}]);
	let value: unknown;
	try {
		value = JSON.parse(content);
	} catch {
		throw invalid([{path: '', message: 'is no JSON'}]);
	}
	const parsed = fileSchema.safeParse(value);
	if (parsed.success) return parsed.data;
	throw invalid(parsed.error.issues.map(({path, message}) => ({path: path.join('.'), message})));
}

function invalid(problems: readonly {path: string; message: string}[]): AppError {
	return new AppError('The plan of this upgrade cannot be read.', {
		code: 'plan-invalid',
		exitCode: exitCodes.preflight,
		problems,
		next: ['Put plan.json back as it was written; without it the upgrade can only be aborted.'],
	});
}
