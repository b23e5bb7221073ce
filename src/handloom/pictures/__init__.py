"""Pictures for people to look at: joints drawn over photos, and sheets of many small pictures."""
