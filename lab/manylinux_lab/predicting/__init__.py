"""What a wheel's facts say about distros on which nothing is run."""
