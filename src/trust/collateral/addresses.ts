/**
 * Whom fetching asks, as data. AMD: KDS interface specification (57230). Intel: PCS API v4 and the CRL profile. Microsoft: the
 * signing keys of an attestation provider (RFC 7517).
 */
export const addresses = {
	amdCertificate: 'https://kdsintf.amd.com/vcek/v1/{product}/{chip}?{levels}',
	amdChain: 'https://kdsintf.amd.com/vcek/v1/{product}/cert_chain',
	amdList: 'https://kdsintf.amd.com/vcek/v1/{product}/crl',
	intelTcbInfo: 'https://api.trustedservices.intel.com/tdx/certification/v4/tcb?fmspc={fmspc}',
	intelQeIdentity: 'https://api.trustedservices.intel.com/tdx/certification/v4/qe/identity',
	intelList: 'https://api.trustedservices.intel.com/sgx/certification/v4/pckcrl?ca={ca}&encoding=der',
	intelRootList: 'https://certificates.trustedservices.intel.com/IntelSGXRootCA.der',
} as const;

export type AddressName = keyof typeof addresses;
export type Addresses = Readonly<Record<AddressName, string>>;

/** Fills the places of an address; values are ours (hex, fixed words), never taken from evidence as text. Throws for a missing one. */
export function addressOf(address: string, values: Readonly<Record<string, string>>): string {
	return address.replaceAll(/\{([a-z]+)\}/g, (_, name: string) => {
		const value = values[name];
		if (value === undefined || !/^[A-Za-z0-9=&]+$/.test(value)) throw new TypeError(`no value for ${name} in ${address}`);
		return value;
	});
}
