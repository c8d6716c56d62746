import {readerOf} from '../bytes.ts';

/** What the TDX module measured of a trust domain. Register values have 48 bytes (SHA-384). */
export type TdReport = {
	/** Security versions of what the processor trusts: SVN and version of the TDX module at 0 and 1, microcode behind them. */
	teeTcbSvn: Uint8Array;
	mrSeam: Uint8Array;
	mrSignerSeam: Uint8Array;
	seamAttributes: Uint8Array;
	tdAttributes: Uint8Array;
	xfam: Uint8Array;
	mrTd: Uint8Array;
	mrConfigId: Uint8Array;
	mrOwner: Uint8Array;
	mrOwnerConfig: Uint8Array;
	/** RTMR0 to RTMR3. */
	runtime: readonly Uint8Array[];
	/** 64 bytes that the trust domain chose. */
	reportData: Uint8Array;
};

/** Bytes of a TD report body in a quote, by its type: 2 = of TDX 1.0, 3 = of TDX 1.5 with the service domain behind it. */
export const tdReport10 = 584;
export const tdReportSizes: ReadonlyMap<number, number> = new Map([
	[2, tdReport10],
	[3, 648],
]);

const register = 48;

/**
 * Reads the TD quote body of Intel's TDX DCAP quoting library API, appendix A.3.2 and A.3.3: TDX 1.5 appends TEE_TCB_SVN_2 and
 * MRSERVICETD to what TDX 1.0 has. Throws MalformedError.
 */
export function parseTdReport(bytes: Uint8Array): TdReport {
	const reader = readerOf(bytes);
	const report = {
		teeTcbSvn: reader.take(16, 'TEE_TCB_SVN'),
		mrSeam: reader.take(register, 'MRSEAM'),
		mrSignerSeam: reader.take(register, 'MRSIGNERSEAM'),
		seamAttributes: reader.take(8, 'SEAMATTRIBUTES'),
		tdAttributes: reader.take(8, 'TDATTRIBUTES'),
		xfam: reader.take(8, 'XFAM'),
		mrTd: reader.take(register, 'MRTD'),
		mrConfigId: reader.take(register, 'MRCONFIGID'),
		mrOwner: reader.take(register, 'MROWNER'),
		mrOwnerConfig: reader.take(register, 'MROWNERCONFIG'),
		runtime: [0, 1, 2, 3].map(index => reader.take(register, `RTMR${index}`)),
		reportData: reader.take(64, 'REPORTDATA'),
	};
	if (bytes.length === tdReportSizes.get(3)) reader.take(16 + register, 'TEE_TCB_SVN_2');
	reader.end('TD report');
	return report;
}
