/** A request that the machine service cannot follow: HTTP status, stable code, one sentence. */
export class Refused extends Error {
	override readonly name = 'Refused';
	readonly status: number;
	readonly code: string;

	constructor(status: number, code: string, message: string) {
		super(message);
		this.status = status;
		this.code = code;
	}
}
