/** Values of the TCG algorithm registry and of TPM 2.0 part 2 that the product uses. */
export const algorithms = {
	rsa: 0x0001,
	sha1: 0x0004,
	sha256: 0x000b,
	sha384: 0x000c,
	sha512: 0x000d,
	null: 0x0010,
	rsassa: 0x0014,
	rsapss: 0x0016,
	ecdsa: 0x0018,
	ecc: 0x0023,
} as const;

export const curves = {p256: 0x0003} as const;

export const attributes = {
	fixedTpm: 0x0000_0002,
	stClear: 0x0000_0004,
	fixedParent: 0x0000_0010,
	sensitiveDataOrigin: 0x0000_0020,
	userWithAuth: 0x0000_0040,
	restricted: 0x0001_0000,
	decrypt: 0x0002_0000,
	sign: 0x0004_0000,
} as const;

/** Restricted signing key made inside this TPM: what the common attestation key templates ask for. */
export const attestationKeyAttributes =
	attributes.fixedTpm |
	attributes.fixedParent |
	attributes.sensitiveDataOrigin |
	attributes.userWithAuth |
	attributes.restricted |
	attributes.sign;

export const tags = {noSessions: 0x8001, sessions: 0x8002, attestQuote: 0x8018} as const;

/** TPM_GENERATED_VALUE: a restricted key signs it only in structures that the TPM itself made. */
export const generatedValue = 0xff54_4347;

export const commandCodes = {
	pcrEvent: 0x0000_013c,
	nvRead: 0x0000_014e,
	quote: 0x0000_0158,
	nvReadPublic: 0x0000_0169,
	readPublic: 0x0000_0173,
	getCapability: 0x0000_017a,
	pcrRead: 0x0000_017e,
	pcrExtend: 0x0000_0182,
} as const;

export const responseCodes = {
	success: 0x000,
	commandSize: 0x142,
	commandCode: 0x143,
	authSize: 0x144,
	badTag: 0x01e,
	authMissing: 0x125,
	authContext: 0x145,
	nvRange: 0x146,
	failure: 0x101,
	locality: 0x907,
	/** Format one: add 0x100 × handle number, or 0x40 and 0x100 × parameter number, or 0x800 and 0x100 × session number. */
	value: 0x084,
	hash: 0x083,
	handle: 0x08b,
	scheme: 0x092,
	size: 0x095,
	authFail: 0x08e,
	insufficient: 0x09a,
} as const;

export const handles = {
	/** Where common tools keep the RSA attestation key. */
	attestationKey: 0x8100_8f01,
	/** NV index of the attestation key's certificate (DER). */
	attestationCertificate: 0x01c1_0000,
	/** NV index of the event log (TCG PC client, crypto agile); owner range, our own choice. */
	eventLog: 0x0180_0100,
	ownerHierarchy: 0x4000_0001,
	passwordSession: 0x4000_0009,
} as const;

export const capabilities = {pcrs: 5} as const;

export const registerCount = 24;
export const maxCommandSize = 4096;
/** Largest piece of one TPM2_NV_Read. */
export const maxNvRead = 1024;
/** Largest data of one TPM2_PCR_Event. */
export const maxEventSize = 1024;
