"""What the user asks for: a recipe, typed and checked."""
