/** Exchanges the token in the address for a cookie, and takes it out of the address. */
const token = new URLSearchParams(location.hash.slice(1)).get('token');
history.replaceState(null, '', location.pathname + location.search);
if (token !== null) void enter(token);

async function enter(text: string): Promise<void> {
  const answer = await fetch('/enter', { method: 'POST', body: new URLSearchParams({ token: text }) });
  if (answer.ok) location.reload();
}

export {};
