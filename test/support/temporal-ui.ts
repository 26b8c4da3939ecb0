import type { Locator, Page } from 'playwright-core';

/** One run in the Temporal Web UI, version 2.50, as an operator handles it. */
export const runPage = (page: Page) => ({
  /** Waits until the run that is shown is in this state. */
  untilStatus: (status: 'Running' | 'Completed'): Promise<void> =>
    page.getByTestId('workflow-status').filter({ hasText: status, visible: true }).first().waitFor(),

  openTab: (name: 'Timeline' | 'Search Attributes' | 'User Metadata'): Promise<void> =>
    page.getByRole('tab', { name }).click(),

  /** A text in markdown, which the UI shows in a frame of its own. */
  markdown: (text: string): Locator => page.locator(`iframe[src*="${encodeURIComponent(text)}"]`),

  openUpdates: async (): Promise<Locator> => {
    await page.getByRole('button', { name: 'More Actions' }).click();
    // The menu is there twice, once for narrow windows.
    await page.getByTestId('update-button').filter({ visible: true }).click();
    return page.getByRole('dialog', { name: 'Send an Update' });
  },
});

/** The updates that the dialog offers, each with its description. */
export async function offeredUpdates(dialog: Locator): Promise<Locator> {
  await dialog.getByTestId('update-select-button').click();
  return dialog.getByRole('option');
}

/** Fills in the update's data and sends it. */
export async function sendUpdate(dialog: Locator, data: object): Promise<void> {
  const editor = dialog.locator('[contenteditable=true]');
  await editor.fill(JSON.stringify(data, null, 2));
  // When it loses the focus it is laid out anew, and a button that moves while it is pressed is not.
  await editor.blur();
  await dialog.getByRole('button', { name: 'Submit' }).click();
}
