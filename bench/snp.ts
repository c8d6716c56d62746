// What checking a SEV-SNP report costs once the chain of its key was checked, against the ECDSA P-384 verification in it.

import {verify} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {checkChipKey} from '../src/attestation/snp/chip-key.ts';
import {judgeReport} from '../src/attestation/snp/judge-report.ts';
import {parseSnpPolicy} from '../src/attestation/snp/policy.ts';
import {parseReport, reportSize} from '../src/attestation/snp/report.ts';
import {certificatesInPem} from '../src/attestation/x509/pem.ts';
import {medianSeconds, report} from './measure.ts';

type Vector = {report: string; vcek: string; certChain: string};
const vector = JSON.parse(readFileSync('test/fixtures/snp/azure-milan.json', 'utf8')) as Vector;
const inPem = (text: string): Uint8Array[] => certificatesInPem(Buffer.from(text), {bytes: 65_536, count: 4});
const bytes = Buffer.from(vector.report, 'hex').subarray(0, reportSize);
const json = {bootloaderVersion: 2, teeVersion: 0, snpVersion: 6, microcodeVersion: 93};
const policy = parseSnpPolicy({json, problems: []}, {signer: 'vcek'});
const [leaf = new Uint8Array()] = inPem(vector.vcek);
const certificates = {leaf, others: inPem(vector.certChain), revocationLists: []};
const at = Date.UTC(2026, 0, 1);

const chipKey = checkChipKey(certificates, policy.rules, {at});
const {key} = chipKey;
if (!key) throw new Error('no key');
const {signed, signature} = parseReport(bytes);
const half = (number: Uint8Array): Uint8Array => Uint8Array.from(number.subarray(0, 48)).reverse();
const raw = Buffer.concat([half(signature.r), half(signature.s)]);

const ecdsa = await medianSeconds(() => {
	if (!verify('sha384', signed, {key, dsaEncoding: 'ieee-p1363'}, raw)) throw new Error('the signature is wrong');
});
const check = await medianSeconds(() => judgeReport(parseReport(bytes), chipKey, policy));
const whole = await medianSeconds(() => judgeReport(parseReport(bytes), checkChipKey(certificates, policy.rules, {at}), policy));
report('SNP report, chain checked before', check, 'ECDSA P-384 verification', ecdsa, '<= 3');
report('SNP report and its chain', whole, 'ECDSA P-384 verification', ecdsa, 'none');
