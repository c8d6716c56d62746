import {ApiError} from './status.ts';

/** How the answer is to be written. */
export type Representation = {
	form: 'json' | 'yaml';
	as: 'object' | 'table' | 'partial';
	/** `v1` or `v1beta1` of a Table or PartialObjectMetadata. */
	version: string;
};

const plain: Representation = {form: 'json', as: 'object', version: 'v1'};

type Accepted = {type: string; parameters: Map<string, string>};

/** Splits an Accept header. Order is kept: the first acceptable alternative wins, as the real server does it; q values are ignored. */
export function parseAccept(header: string | undefined): Accepted[] {
	return (header ?? '')
		.slice(0, 4096)
		.split(',')
		.map(alternative => {
			const [type = '', ...parameters] = alternative.split(';').map(part => part.trim());
			const pairs = parameters.map(parameter => {
				const [key = '', value = ''] = parameter.split('=', 2);
				return [key.trim(), value.trim().replaceAll('"', '')] as const;
			});
			return {type: type.toLowerCase(), parameters: new Map(pairs)};
		})
		.filter(({type}) => type !== '');
}

/** Chooses the representation, or throws 406. Protobuf is never offered: clients that prefer it also name JSON. */
export function negotiate(header: string | undefined, transform: boolean): Representation {
	const accepted = parseAccept(header);
	if (accepted.length === 0) return plain;
	let formFound = false;
	for (const {type, parameters} of accepted) {
		const form = formOf(type);
		if (!form) continue;
		formFound = true;
		const as = parameters.get('as');
		if (as === undefined) return {...plain, form};
		const version = parameters.get('v') ?? '';
		if (!transform || parameters.get('g') !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) continue;
		if (as === 'Table') return {form, as: 'table', version};
		if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return {form, as: 'partial', version};
	}
	if (formFound) throw notAcceptable();
	throw new ApiError(
		406,
		'406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf',
		{reason: 'NotAcceptable', details: {}},
	);
}

function formOf(type: string): Representation['form'] | undefined {
	if (type === 'application/json' || type === 'application/*' || type === '*/*') return 'json';
	return type === 'application/yaml' ? 'yaml' : undefined;
}

/** A form that is there, but not for this request: Tables of a streaming list. */
export function notAcceptable(): ApiError {
	return new ApiError(
		406,
		'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
		{reason: 'NotAcceptable'},
	);
}
