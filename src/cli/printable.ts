/** Text from clients and endpoints made safe for a terminal: nothing in it may move the cursor or change colours. */

/** Controls, and the marks that reorder what a reader sees, become `?`. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, "?");
}
