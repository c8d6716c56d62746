/** Keys of the attestation section (v2.9 and our own), with the variant each is about. */
export const attestationKeys = {
	localVTPM: 'local-vtpm',
	qemuVTPM: 'qemu-vtpm',
	qemuTDX: 'qemu-tdx',
	awsNitroTPM: 'aws-nitro-tpm',
	awsSEVSNP: 'aws-sev-snp',
	gcpSEVES: 'gcp-sev-es',
	gcpSEVSNP: 'gcp-sev-snp',
	azureSEVSNP: 'azure-sev-snp',
	azureTrustedLaunch: 'azure-trustedlaunch',
	azureTDX: 'azure-tdx',
} as const;
export type AttestationKey = keyof typeof attestationKeys;
export type AttestationVariant = (typeof attestationKeys)[AttestationKey];

export const isAttestationKey = (key: string): key is AttestationKey => Object.hasOwn(attestationKeys, key);

/** The key of a variant; undefined where there is no such variant. */
export const attestationKeyOf = (variant: string): AttestationKey | undefined =>
	Object.keys(attestationKeys)
		.filter(isAttestationKey)
		.find(key => attestationKeys[key] === variant);
