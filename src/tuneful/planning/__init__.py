"""Planning: steps, memory, time and cost before they are spent, and what "auto" becomes and why."""
