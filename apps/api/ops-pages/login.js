const form = document.getElementById('login');
const fault = document.getElementById('fault');

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  fault.hidden = true;
  const answer = await fetch('/ops/login', { method: 'POST', body: new URLSearchParams(new FormData(form)) }).catch(
    () => null,
  );
  if (answer?.ok) return location.replace('/ops');
  const problem = await answer?.json().catch(() => null);
  fault.textContent = problem?.detail ?? 'The service does not answer.';
  fault.hidden = false;
});
