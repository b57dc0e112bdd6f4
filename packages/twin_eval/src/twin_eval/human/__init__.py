"""What people say of the answers: pages that collect it, files that keep it, and how far the scores agree with it."""
