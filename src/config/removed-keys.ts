import type {Problem} from '../errors.ts';
import {attestationKeys} from './attestation-keys.ts';
import {providerKeys} from './schema.ts';

type Advice = Omit<Problem, 'path'>;

const moved: Advice = {
	message: 'stands under attestation since version v3',
	fix: 'constellation config migrate   moves it in a v2 file; else move it by hand',
};
const older = (fix: string): Advice => ({message: 'was removed before version v3', fix});
const later = (fix: string): Advice => ({message: 'is a key of later releases of the original; this tool has none of it', fix});

/** Keys that other releases have, by path; `*` is any provider or group. */
const known: Readonly<Record<string, Advice>> = {
	'provider.azure.appClientID': {
		message: 'was removed with v2.9: app registrations are not used any more',
		fix: 'remove it; nodes use userAssignedIdentity, which constellation iam create azure makes',
	},
	'provider.azure.clientSecretValue': {
		message: 'was removed with v2.9: there is no client secret any more',
		fix: 'remove it, and revoke the secret in Azure',
	},
	'provider.*.measurements': moved,
	'provider.azure.idKeyDigest': {...moved, fix: 'it is attestation.azureSEVSNP.firmwareSignerConfig.acceptedKeyDigests now'},
	'provider.azure.enforceIdKeyDigest': {
		...moved,
		fix: 'it is attestation.azureSEVSNP.firmwareSignerConfig.enforcementPolicy now',
	},
	'provider.azure.confidentialVM': {...moved, fix: 'the section under attestation says it: azureSEVSNP or azureTrustedLaunch'},
	attestationVariant: {...moved, fix: 'the section under attestation says it'},
	sshUsers: older('remove it; nodes have no SSH'),
	'provider.*.enforcedMeasurements': older('write warnOnly: false at each register under attestation'),
	'provider.*.image': older('write image at the top'),
	autoscalingNodeGroupMin: older('remove it; constellation scale changes the number of nodes'),
	autoscalingNodeGroupMax: older('remove it; constellation scale changes the number of nodes'),
	'provider.stackit': {message: 'is written as openstack', fix: 'write openstack: with cloud: stackit inside'},
	serviceCIDR: later('remove it'),
	internalLoadBalancer: later('remove it; sourceRanges says who may reach the cluster'),
	'provider.*.useMarketplaceImage': later('remove it'),
	'provider.*.marketplaceImage': later('remove it'),
};

/** What to do about a key that the schema does not have; undefined where nothing is known of it. */
export function adviceFor(path: readonly PropertyKey[], key: string, provider: string): Advice | undefined {
	const full = [...path, key].join('.');
	const wild = [...path.slice(0, 1), '*', ...path.slice(2), key].join('.');
	const found = known[full] ?? (path.length > 1 ? known[wild] : undefined);
	if (found !== undefined) return found;
	if (full === `provider.${key}` && providerKeys.some(name => name === key))
		return {message: 'is a second provider', fix: 'keep one'};
	if (full === `attestation.${key}` && Object.hasOwn(attestationKeys, key))
		return {message: `is no attestation of ${provider}`, fix: 'remove it'};
	if (provider === 'local' && ['sourceRanges', 'tags', 'customEndpoint'].includes(full))
		return {message: 'has no meaning on local: nobody else reaches the nodes', fix: 'remove it'};
	return undefined;
}
