package fn

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"strings"

	"github.com/google/uuid"

	"github.com/weftdb/weft/internal/dberr"
)

// Extension is one of PostgreSQL's whose functions are here from the beginning.
type Extension struct{ Name, Version string }

// Extensions are those that CREATE EXTENSION finds.
var Extensions = []Extension{{"pgcrypto", "1.3"}, {"uuid-ossp", "1.1"}}

// extensionFuncs are the functions of extensions, which may be called in the schema public, too.
var extensionFuncs = map[string]bool{}

// OfExtension reports whether a function belongs to an extension.
func OfExtension(name string) bool { return extensionFuncs[name] }

// uuidSpaces are the name spaces of uuid_generate_v3 and v5.
var uuidSpaces = map[string]uuid.UUID{"dns": uuid.NameSpaceDNS, "url": uuid.NameSpaceURL, "oid": uuid.NameSpaceOID, "x500": uuid.NameSpaceX500}

func registerExtensions(t *tables) {
	def := func(sig string, f Eval) {
		extensionFuncs[sig[:strings.IndexByte(sig, '(')]] = true
		t.def(sig, f)
	}
	extensionFuncs["gen_random_uuid"], extensionFuncs["gen_random_bytes"] = true, true
	def("uuid_generate_v4() uuid volatile", n0(newUUID))
	for _, name := range []string{"uuid_generate_v1", "uuid_generate_v1mc"} {
		def(name+"() uuid volatile", n0(func(*Env) (string, error) {
			u, err := uuid.NewUUID()
			if name == "uuid_generate_v1mc" { // a random address instead of the machine's
				r, rerr := uuid.NewRandom()
				if copy(u[10:], r[10:]); err == nil {
					err = rerr
				}
				u[10] |= 1
			}
			return string(u[:]), err
		}))
	}
	def("uuid_generate_v3(uuid,text) uuid", e2(func(space, name string) (string, error) {
		u := uuid.NewMD5(uuid.UUID([]byte(space)), []byte(name))
		return string(u[:]), nil
	}))
	def("uuid_generate_v5(uuid,text) uuid", e2(func(space, name string) (string, error) {
		u := uuid.NewSHA1(uuid.UUID([]byte(space)), []byte(name))
		return string(u[:]), nil
	}))
	def("uuid_nil() uuid", n0(func(*Env) (string, error) { return string(uuid.Nil[:]), nil }))
	for name, space := range uuidSpaces {
		def("uuid_ns_"+name+"() uuid", n0(func(*Env) (string, error) { return string(space[:]), nil }))
	}
	for _, arg := range []string{"text", "bytea"} {
		def("digest("+arg+",text) bytea", e2(digest))
		def("hmac("+arg+","+arg+",text) bytea", e3(keyedDigest))
	}
	def("crypt(text,text) text", e2(crypt))
	def("gen_salt(text) text volatile", e1(func(kind string) (string, error) { return genSalt(kind, 0) }))
	def("gen_salt(text,int4) text volatile", e2(genSalt))
}

// hashNamed finds a hash by the name that pgcrypto has for it.
func hashNamed(name string) (func() hash.Hash, error) {
	switch strings.ToLower(name) {
	case "md5":
		return md5.New, nil
	case "sha1":
		return sha1.New, nil
	case "sha224":
		return sha256.New224, nil
	case "sha256":
		return sha256.New, nil
	case "sha384":
		return sha512.New384, nil
	case "sha512":
		return sha512.New, nil
	}
	return nil, errParam("Cannot use \"%s\": No such hash algorithm", name)
}

func digest(data, name string) (string, error) {
	h, err := hashNamed(name)
	if err != nil {
		return "", err
	}
	s := h()
	s.Write([]byte(data))
	return string(s.Sum(nil)), nil
}

func keyedDigest(data, key, name string) (string, error) {
	h, err := hashNamed(name)
	if err != nil {
		return "", err
	}
	s := hmac.New(h, []byte(key))
	s.Write([]byte(data))
	return string(s.Sum(nil)), nil
}

// NoExtension is the error of an extension that is not here.
func NoExtension(name string) *dberr.Error {
	return dberr.SQL(dberr.StateFeatureNotSupported, "extension \"%s\" is not available", name).
		WithHint("The extensions that are here are pgcrypto and uuid-ossp.")
}
