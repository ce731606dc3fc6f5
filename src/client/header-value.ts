/** What the value of a header can carry; `fetch` refuses anything else, and repeats it in its error, secret or not. */

const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/** RFC 9110 section 5.5, without the spaces around it, which nothing carries. */
export function isHeaderValue(text: string): boolean {
  return VALUE.test(text)
}
