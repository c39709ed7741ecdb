package api

import "net/http"

// cors tells a browser which origins may read the answer. Without configured
// origins no such header is ever sent.
func (s *Server) cors(x *exchange, h http.Header) {
	h.Add("Vary", "Origin")
	origin := x.Request().Header.Get("Origin")
	if origin == "" || !s.origins["*"] && !s.origins[origin] {
		return
	}
	if s.origins["*"] {
		origin = "*"
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "X-Request-Id, Retry-After, ETag, Weft-Transaction-Seq, Weft-Repeated, Weft-Created, Weft-Ttl, Weft-Compression, Weft-Checksum")
	if x.Request().Method == http.MethodOptions && x.Request().Header.Get("Access-Control-Request-Method") != "" {
		h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE")
		h.Set("Access-Control-Allow-Headers", "Content-Type, Authorization, X-API-Key, X-Request-Id, Weft-Transaction, Weft-Transaction-Seq, Weft-Durability, Idempotency-Key, If-Match, If-None-Match, Range, traceparent")
		h.Set("Access-Control-Max-Age", "600")
	}
}
