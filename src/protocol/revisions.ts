/** The published protocol revisions, oldest first. Data only: what each one has is in the era folders. */

export type RevisionName = '2024-11-05' | '2025-03-26' | '2025-06-18' | '2025-11-25' | '2026-07-28'

export const REVISIONS: readonly RevisionName[] = [
  '2024-11-05',
  '2025-03-26',
  '2025-06-18',
  '2025-11-25',
  '2026-07-28',
]
