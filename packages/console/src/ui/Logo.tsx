/** Three members, one of them primary. */
export const Logo = ({ size = 24 }: { readonly size?: number }) => (
  <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
    <rect width="32" height="32" rx="8" fill="#1d4fc4" />
    <path d="M9 21.5 16 10l7 11.5z" fill="none" stroke="#fff" strokeWidth="1.6" opacity=".7" />
    <circle cx="16" cy="10" r="4" fill="#fff" />
    <circle cx="9" cy="21.5" r="3" fill="#1d4fc4" stroke="#fff" strokeWidth="1.8" />
    <circle cx="23" cy="21.5" r="3" fill="#1d4fc4" stroke="#fff" strokeWidth="1.8" />
  </svg>
)
