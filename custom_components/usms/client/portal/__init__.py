"""The portal's web site: signing in, its pages, its reports."""
