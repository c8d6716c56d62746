import {type Cause, cause} from '../../http/status.ts';
import {type ApiObject, drop, isObject, type JsonObject, textOf} from '../../types.ts';
import {equal} from '../equal.ts';
import {listOf, mapOf} from './defaults.ts';

const dnsLabel = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const labelDetail =
	"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
/** Numbers with the suffixes of the Quantity of Kubernetes, not negative. */
const quantity = /^\+?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+|[numkMGTPE]|[KMGTPE]i)?$/;

/** Problems of the spec of a Pod or a template; `field` is where it stands, such as `spec.template.spec`. */
export function podSpecProblems(spec: JsonObject, field: string, inTemplate: boolean): Cause[] {
	const containers = listOf(spec, 'containers');
	const policy = textOf(spec['restartPolicy']);
	const policies = inTemplate ? ['Always'] : ['Always', 'OnFailure', 'Never'];
	const grace = spec['terminationGracePeriodSeconds'];
	const names = [...listOf(spec, 'initContainers'), ...containers].map(container => textOf(container['name']));
	return [
		...(containers.length === 0 ? [cause.required(`${field}.containers`)] : []),
		...(policies.includes(policy) ? [] : [cause.notSupported(`${field}.restartPolicy`, JSON.stringify(policy), policies)]),
		...(typeof grace === 'number' && grace < 0
			? [cause.invalid(`${field}.terminationGracePeriodSeconds`, grace, 'must be greater than or equal to 0')]
			: []),
		...['containers', 'initContainers'].flatMap(list =>
			listOf(spec, list).flatMap((container, index) => containerProblems(container, `${field}.${list}[${index}]`)),
		),
		...names.flatMap((name, index) =>
			name !== '' && names.indexOf(name) < index
				? [
						{
							reason: 'FieldValueDuplicate',
							message: `Duplicate value: ${JSON.stringify(name)}`,
							field: `${field}.containers[${index}].name`,
						},
					]
				: [],
		),
	];
}

function containerProblems(container: JsonObject, field: string): Cause[] {
	const name = textOf(container['name']);
	const image = textOf(container['image']);
	const resources = mapOf(container, 'resources');
	return [
		...(name === '' ? [cause.required(`${field}.name`)] : []),
		...(name !== '' && !dnsLabel.test(name) ? [cause.invalid(`${field}.name`, name, labelDetail)] : []),
		...(image === '' ? [cause.required(`${field}.image`)] : []),
		...(image === image.trim() ? [] : [cause.invalid(`${field}.image`, image, 'must not have leading or trailing whitespace')]),
		...['limits', 'requests'].flatMap(kind =>
			Object.entries(mapOf(resources, kind)).flatMap(([resource, value]) =>
				quantity.test(textOf(value))
					? []
					: [
							cause.invalid(
								`${field}.resources.${kind}[${resource}]`,
								value,
								"quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$' and not be negative",
							),
						],
			),
		),
	];
}

/** Fields of a Pod that may change once it is there, besides metadata: images, more tolerations, an earlier end. */
export function podUpdateProblems(next: ApiObject, current: ApiObject): Cause[] {
	const [before, after] = [current, next].map(pod => structuredClone(isObject(pod['spec']) ? pod['spec'] : {}));
	if (!before || !after) return [];
	const kept = listOf(before, 'tolerations').every(old =>
		listOf(after, 'tolerations').some(toleration => equal(old, toleration)),
	);
	for (const spec of [before, after]) {
		for (const container of [...listOf(spec, 'containers'), ...listOf(spec, 'initContainers')]) delete container['image'];
		for (const field of ['tolerations', 'activeDeadlineSeconds']) drop(spec, field);
	}
	if (kept && equal(before, after)) return [];
	return [
		cause.forbidden(
			'spec',
			'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations)',
		),
	];
}
