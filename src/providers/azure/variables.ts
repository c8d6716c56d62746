import {attestationIn} from '../../config/provider.ts';
import type {AzureConfig} from '../../config/schema.ts';
import {type CloudInput, type CloudVariables, commonVariables} from '../module-input.ts';

/** Whether the policy of a section asks an attestation provider about firmware that it does not know. */
export function asksAttestationProvider(section: Readonly<Record<string, unknown>>): boolean {
	const {firmwareSignerConfig: firmware} = section as {firmwareSignerConfig?: {enforcementPolicy?: unknown}};
	return String(firmware?.enforcementPolicy).toLowerCase() === 'maafallback';
}

/** Variables of terraform/azure. An attestation provider is made only where the policy asks it about the firmware. */
export function azureVariables(config: AzureConfig, input: CloudInput): CloudVariables {
	const {subscription, location, resourceGroup, userAssignedIdentity, secureBoot} = config.provider.azure;
	const {variant, value} = attestationIn(config);
	return commonVariables(config, input, {
		subscription,
		location,
		resource_group: resourceGroup,
		identity: userAssignedIdentity,
		ssh_public_key: input.sshPublicKey,
		confidential: variant !== 'azure-trustedlaunch',
		secure_boot: secureBoot,
		attestation_provider: asksAttestationProvider(value),
	});
}
