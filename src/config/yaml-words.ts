import {type Document, isScalar, Scalar, visit} from 'yaml';

/** Keys whose values are texts although they may look like numbers. */
const textKeys = new Set([
	...['kubernetesVersion', 'image', 'microserviceVersion', 'name', 'expected', 'zone', 'availabilityZone', 'projectID'],
	...['flavorID', 'floatingIPPoolID', 'username', 'password', 'subscription', 'tenant'],
]);

const switchKeys = new Set([
	...['debugCluster', 'warnOnly', 'deployCSIDriver', 'secureBoot', 'directDownload', 'deployYawolLoadBalancer'],
]);

const words: Readonly<Record<string, boolean>> = {y: true, yes: true, on: true, n: false, no: false, off: false};

/**
 * Reads plain scalars as v2.9 does where YAML 1.2 sees something else: texts of digits (a version, 64 zeros) and the words of
 * YAML 1.1 for true and false. For reading only: the document is changed.
 */
export function readWords(document: Document.Parsed): void {
	visit(document, {
		Pair(_index, {key, value}) {
			if (!isScalar(key) || !isScalar(value) || value.type !== Scalar.PLAIN) return;
			const name = String(key.value);
			if (textKeys.has(name) && typeof value.value === 'number') value.value = value.source;
			if (switchKeys.has(name) && typeof value.value === 'string') value.value = words[value.value.toLowerCase()] ?? value.value;
		},
	});
	keepDigits(document);
}

/** Numbers of this length are register values: they stay the texts that they are, also when the document is written again. */
export function keepDigits(document: Document.Parsed): void {
	visit(document, {
		Scalar(_key, node) {
			if (typeof node.value === 'number' && (node.source?.length ?? 0) > 15) node.value = node.source;
		},
	});
}
