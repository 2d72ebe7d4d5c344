"""The way to the portal: one session, one sign-in and one captcha at a time per account."""
