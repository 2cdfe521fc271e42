/** The page's picture in the browser's tab and beside its name. */
export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" rx="16" fill="#0b6e6a"/><path d="M12 42c7-22 13-22 20 0s13 22 20 0" fill="none" stroke="#fff" stroke-width="6" stroke-linecap="round"/><circle cx="52" cy="20" r="5" fill="#ffd166"/></svg>`;
