import type {Cause} from '../http/status.ts';
import type {ApiObject} from '../types.ts';
import type {Call} from './api.ts';

/** What a kind does beyond the common rules. `create` and `update` complete the object in place; problems become a 422. */
export type Strategy = {
	create?(object: ApiObject, call: Call): void;
	update?(next: ApiObject, current: ApiObject, call: Call): void;
	/** A write of a part that is not the main one. */
	part?(next: ApiObject, current: ApiObject, part: 'status' | 'finalize' | 'approval' | 'binding', call: Call): void;
	problems?(object: ApiObject, current: ApiObject | undefined, call: Call): Cause[];
	/** `status` sent with a create is kept, as for Nodes. */
	keepsStatus?: boolean;
	/** PUT of a missing object creates it, as for Leases. */
	createsOnUpdate?: boolean;
};
