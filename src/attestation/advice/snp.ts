import type {AdviceOf, AdviceTable} from './advice.ts';

const forged: AdviceOf = ({node}) => ({
	likely: `The report or its certificate was altered, or does not come from the processor under ${node}.`,
	step: `Replace ${node}; if it happens again on other machines, treat that host as compromised.`,
});

const wrongCertificate: AdviceOf = ({node}) => ({
	likely: `The certificate that came with the report of ${node} is of another chip, firmware or provider: its host may have been updated.`,
	step: `Restart ${node}, so that it fetches its certificate again; if it stays, replace ${node}.`,
});

const newer: AdviceOf = ({node}) => ({
	likely: `The processor or firmware under ${node} is newer than this release of Constellation.`,
	step: 'Update Constellation; accept what is unknown only after reading AMD’s specification for that version.',
});

const otherStart: AdviceOf = ({node}) => ({
	likely: `The host started ${node} with other settings than the policy was made for.`,
	step: `Compare them with a machine you trust before you change the policy; else replace ${node}.`,
});

const unnamed: AdviceOf = () => ({
	likely: 'The attestation section of the configuration does not name a value to compare with.',
	step: 'Add the value to the object snp of the attestation section, taken from a source you trust.',
});

/** The report of a processor with SEV-SNP and the certificate of the key that signed it. */
export const snpAdvice = {
	'snp-report-malformed': forged,
	'snp-certificate-missing': ({node}) => ({
		likely: `Neither ${node} nor the collateral brought the certificate of its processor’s key.`,
		step: 'Fetch it from AMD’s key distribution service, or import a trust bundle that holds it.',
	}),
	'snp-certificate-extensions': forged,
	'snp-product-unknown': newer,
	'snp-algorithm-unknown': newer,
	'snp-signer': ({node}) => ({
		likely: `The host under ${node} signs with another kind of key than the policy accepts.`,
		step: 'Accept that kind of key (signer in the object snp) only if your cloud provider documents it; else choose another machine type.',
	}),
	'snp-certificate-product': wrongCertificate,
	'snp-certificate-chip': wrongCertificate,
	'snp-certificate-provider': wrongCertificate,
	'snp-certificate-tcb': wrongCertificate,
	'snp-signature-invalid': forged,
	'snp-binding': ({node}) => ({
		likely:
			'The report of the processor was made for another key or connection: it was replayed, or passed on by another machine.',
		step: `Try once more; if it happens again, replace ${node} and look for a proxy between you and it.`,
	}),
	'snp-debug': ({node}) => ({
		likely: `${node} was started as a debug guest.`,
		step: `Replace ${node}; do not change the policy: a debug guest keeps nothing secret from its host.`,
	}),
	'snp-tcb-outdated': ({node}) => ({
		likely: `The host under ${node} has not been given AMD’s security updates yet.`,
		step: `Stop and start ${node}, so that it moves to another host; lower the minimum only if you accept the known flaws.`,
	}),
	'snp-tcb-current': forged,
	'snp-tcb-launch': ({node}) => ({
		likely: `The host under ${node} was updated while ${node} was running.`,
		step: `Restart ${node}.`,
	}),
	'snp-vmpl': otherStart,
	'snp-guest-policy': otherStart,
	'snp-measurement': otherStart,
	'snp-host-data': otherStart,
	'snp-guest-svn': otherStart,
	'snp-id-key': ({node}) => ({
		likely: `The cloud provider uses a firmware that the policy does not know yet, or ${node} is not its guest.`,
		step: 'Compare the digest with what your cloud provider publishes before you add it to the policy.',
	}),
	'snp-platform': ({node}) => ({
		likely: `The host under ${node} is set up differently than the policy wants.`,
		step: `Stop and start ${node}, so that it moves to another host, or choose another machine type.`,
	}),
	'snp-version-unknown': newer,
	'snp-bits-unknown': newer,
	'snp-measurement-unchecked': unnamed,
	'snp-provider-unchecked': unnamed,
	'snp-unchecked': ({node}) => ({
		likely: `The policy has no object snp, as in v2.9: only the NitroTPM of ${node} was checked.`,
		step: 'Do not call these nodes SEV-SNP attested; add the object snp for machines that send a report.',
	}),
	'snp-host-tpm': ({node}) => ({
		likely: `The TPM of ${node} belongs to its host: the processor vouches for the guest and the key, not for the registers.`,
		step: 'Count the cloud provider’s host among what you trust, or use a machine type whose TPM runs inside the guest.',
	}),
} as const satisfies AdviceTable;
