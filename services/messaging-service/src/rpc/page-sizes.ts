/** How many conversations or messages a page has. */
export const PAGE_SIZES = { default: 50, maximum: 100 };
