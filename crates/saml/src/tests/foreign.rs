//! Responses that another program made and signed (pysaml2 with xmlsec1; see `data/README.md`).
