import {MalformedError} from '../../bytes.ts';
import {readInstanceInfo, type TpmDocument, textField} from '../tpm-document/document.ts';

/** What a node on AWS says of its machine (EC2 instance identity document). No signature comes with it. */
export type AwsInstance = {region: string; imageId: string; accountId: string; instanceId: string};

const texts = [
	'availabilityZone',
	'privateIp',
	'version',
	'region',
	'instanceId',
	'instanceType',
	'accountId',
	'pendingTime',
	'imageId',
	'kernelId',
	'ramdiskId',
	'architecture',
] as const;
const lists = ['devpayProductCodes', 'marketplaceProductCodes', 'billingProducts'] as const;

const forms = {
	region: /^[a-z]{2,4}(?:-[a-z]{2,12}){1,3}-\d{1,2}$/,
	imageId: /^ami-[0-9a-f]{8,17}$/,
	accountId: /^\d{12}$/,
	instanceId: /^i-[0-9a-f]{8,17}$/,
} as const;

/** Reads the v2.9 form. Throws MalformedError, also for names that AWS does not give. */
export function readAwsInstance(document: TpmDocument): AwsInstance {
	const map = readInstanceInfo(document, [...texts, ...lists]);
	for (const key of texts) textField(map, key);
	for (const key of lists) {
		const value = map[key] ?? null;
		if (value !== null && !(Array.isArray(value) && value.length <= 16 && value.every(code => typeof code === 'string')))
			throw new MalformedError(`InstanceInfo.${key}: not a list of texts`);
	}
	const of = (key: keyof typeof forms): string => {
		const value = textField(map, key);
		if (!forms[key].test(value)) throw new MalformedError(`InstanceInfo.${key}: not a name that AWS gives`);
		return value;
	};
	return {region: of('region'), imageId: of('imageId'), accountId: of('accountId'), instanceId: of('instanceId')};
}
