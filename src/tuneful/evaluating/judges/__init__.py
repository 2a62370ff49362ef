"""Language models that judge a review's answers, held against the people who judged the same."""
