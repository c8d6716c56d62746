const pattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether a text is a UUID in lower case: the only form in which a disk names its key, so that no other key can be asked for. */
export const isDiskUuid = (text: string): boolean => pattern.test(text);
