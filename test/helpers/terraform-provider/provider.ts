import {setTimeout as delay} from 'node:timers/promises';
import {type Cloud, type CloudFile, type Fault, takeFault} from './cloud.ts';
import type {ProviderFacts, TypeFacts} from './facts.ts';
import {fillBlock, forcesReplacement, plannedState} from './plan.ts';
import type {AttributeSchema, ProviderSchema, TypeSchema} from './schema.ts';
import {isObject, type ObjectValue, unknown, type Value} from './values.ts';

/** A failure that Terraform shows as an error of the provider. `state` is what exists all the same. */
export class ProviderError extends Error {
	override readonly name = 'ProviderError';
	readonly state: ObjectValue | undefined;

	constructor(message: string, state?: ObjectValue) {
		super(message);
		this.state = state;
	}
}

/** One provider over a cloud in a file: plans and applies any type its schema has. */
export const simulatedProvider = (schema: ProviderSchema, facts: ProviderFacts, cloud: Cloud) => {
	const resource = (type: string): TypeSchema => found(schema.resource_schemas[type], type);
	const meet = async (action: Fault['action'], type: string, values: ObjectValue, exists?: () => ObjectValue) => {
		const fault = takeFault(cloud, action, type, values);
		if (fault?.delayMs !== undefined) await delay(fault.delayMs);
		if (fault !== undefined) throw new ProviderError(fault.message, fault.halfCreated === true ? exists?.() : undefined);
	};

	return {
		/** Signing in; its faults have the name of the provider as their type. */
		async configure(values: ObjectValue) {
			await meet('configure', schema.provider.split('/').at(-1) ?? '', values);
			cloud.change(file => {
				file.configured[schema.provider] = values;
			});
		},
		/** Sentences about what the real provider refuses before it asks its cloud. */
		problems(type: string, values: ObjectValue): {path: string; message: string}[] {
			return (facts[type]?.rules ?? []).filter(rule => {
				const value = at(values, rule.path);
				if (typeof value !== 'string') return false;
				return rule.oneOf === undefined
					? rule.pattern !== undefined && !new RegExp(rule.pattern, 'u').test(value)
					: !rule.oneOf.includes(value);
			});
		},
		async read(type: string, state: ObjectValue): Promise<ObjectValue | undefined> {
			await meet('read', type, state);
			const known = cloud.read().objects[idOf(state)];
			return known === undefined ? undefined : {...state, ...known.values};
		},
		plan(type: string, prior: ObjectValue | undefined, proposed: ObjectValue) {
			const replaces = (facts[type]?.forceNew ?? []).filter(
				path => prior !== undefined && forcesReplacement(path.split('.'), prior, proposed),
			);
			return {state: plannedState(resource(type).block, proposed, prior === undefined), replaces};
		},
		async create(type: string, planned: ObjectValue): Promise<ObjectValue> {
			const make = () => cloud.change(file => created(file, type, resource(type), facts[type], planned));
			await meet('create', type, planned, make);
			return make();
		},
		async update(type: string, prior: ObjectValue, planned: ObjectValue): Promise<ObjectValue> {
			await meet('update', type, planned);
			return cloud.change(file => {
				const id = idOf(prior);
				const values = complete(resource(type), facts[type], planned, file.counter);
				file.objects[id] = {type, values};
				file.log.push(`update ${type} ${id}`);
				return values;
			});
		},
		async remove(type: string, prior: ObjectValue): Promise<void> {
			await meet('delete', type, prior);
			cloud.change(file => {
				const {[idOf(prior)]: _, ...others} = file.objects;
				file.objects = others;
				file.log.push(`delete ${type} ${idOf(prior)}`);
			});
		},
		async data(type: string, config: ObjectValue): Promise<ObjectValue> {
			await meet('read', type, config);
			const answers = cloud.read().data[type] ?? {};
			return complete(found(schema.data_source_schemas[type], type), facts[`data.${type}`], {...config, ...answers}, 0, type);
		},
	};
};
export type SimulatedProvider = ReturnType<typeof simulatedProvider>;

const found = <T>(value: T | undefined, type: string): T => {
	if (value === undefined) throw new ProviderError(`the provider has no ${type}`);
	return value;
};

const idOf = (state: ObjectValue): string => {
	const {id} = state;
	return typeof id === 'string' ? id : JSON.stringify(state);
};

const created = (file: CloudFile, type: string, schema: TypeSchema, facts: TypeFacts | undefined, planned: ObjectValue) => {
	file.counter++;
	const values = complete(schema, facts, planned, file.counter, type);
	file.objects[idOf(values)] = {type, values};
	file.log.push(`create ${type} ${idOf(values)}`);
	return values;
};

/** Makes up what only the cloud knows. */
const complete = (schema: TypeSchema, facts: TypeFacts | undefined, planned: ObjectValue, n: number, type = ''): ObjectValue => {
	const id = `${type.split('_').slice(1).join('-')}-${n}`;
	const known = fillBlock(schema.block, planned, (name, attribute) => {
		const template = facts?.computed?.[name];
		if (template !== undefined) return fromTemplate(template, {...planned, id, n});
		return madeUp(name, attribute, id);
	});
	// Values that refer to other made-up ones come last, when those are there.
	for (const [name, template] of Object.entries(facts?.computed ?? {})) {
		const before = planned[name] ?? null;
		if (before === null || before === unknown) known[name] = fromTemplate(template, {...known, n});
	}
	return known;
};

const fromTemplate = (template: unknown, values: ObjectValue): Value => {
	if (Array.isArray(template)) return template.map(item => fromTemplate(item, values));
	if (typeof template === 'object' && template !== null) {
		return Object.fromEntries(Object.entries(template).map(([name, item]) => [name, fromTemplate(item, values)]));
	}
	if (typeof template !== 'string') return template as Value;
	const whole = /^\{([^{}]+)\}$/u.exec(template)?.[1];
	if (whole !== undefined) return at(values, whole) ?? null;
	return template.replaceAll(/\{([^{}]+)\}/gu, (_, path: string) => text(at(values, path)));
};

const text = (value: Value | undefined): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');

const at = (values: ObjectValue, path: string): Value | undefined => {
	let value: Value | undefined = values;
	for (const name of path.split('.')) {
		if (Array.isArray(value)) value = value[Number(name)];
		else value = isObject(value) ? value[name] : undefined;
	}
	return value;
};

const madeUp = (name: string, {type, nested_type: nested, optional}: AttributeSchema, id: string): Value => {
	if (nested !== undefined) return nested.nesting_mode === 'single' ? null : [];
	if (type === 'string') return name === 'id' ? id : optional === true ? '' : `${name}-of-${id}`;
	if (type === 'number') return 0;
	if (type === 'bool') return false;
	if (Array.isArray(type)) return type[0] === 'map' ? {} : type[0] === 'object' ? null : [];
	return null;
};
