/** Where the user of all roles hears answers. */

/** Whether tests log in as that user. */
export const asRoles: boolean = process.env.CALLBOARD_TEST_ROLES === '1'
export const rolesInbox = '_INBOX_roles'
