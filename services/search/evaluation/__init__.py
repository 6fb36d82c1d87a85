"""Measuring what is found: any set of offers and questions, on the real engine, through the very code that serves."""
