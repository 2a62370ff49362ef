"""What people think of answers: shown blind, kept verdict by verdict, counted with intervals."""
