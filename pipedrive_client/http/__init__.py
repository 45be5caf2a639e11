"""HTTP without anything of Pipedrive but its addresses: requests, responses, retries."""
