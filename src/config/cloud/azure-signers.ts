/**
 * Digests (SHA-384, hex) of the keys that have signed the firmware of Azure's confidential machines (ID_KEY_DIGEST of the SEV-SNP
 * report), as v2.9 has them.
 */
export const azureSigners = [
	'57486a447ec0f1958002a22a06b7673b9fd27d11e1c6527498056054c5fa92d23c50f9de44072760fe2b6fb89740b696',
	'0356215882a825279a85b300b0b742931d113bf7e32dde2e50ffde7ec743ca491ecdd7f336dc28a6e0b2bb57af7a44a3',
	'934f68bd8ba01938eec21475c872e3a942b60c59fafc6df9e9a76ee66bc47f2d09c676f61c0315c578da26085fb13a71',
] as const;
