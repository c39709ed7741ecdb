package fn

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strconv"

	//lint:ignore SA1019 bcrypt is made of it
	"golang.org/x/crypto/blowfish"

	"github.com/weftdb/weft/internal/dberr"
)

// pgcrypto's crypt and gen_salt, of bcrypt alone: the others are no protection any more.

// bcryptText is bcrypt's base64.
var bcryptText = base64.NewEncoding("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789").WithPadding(base64.NoPadding)

const (
	bcryptCost  = 6  // of gen_salt without one
	bcryptMost  = 14 // about a second, which nothing interrupts
	bcryptMagic = "OrpheanBeholderScryDoubt"
	bcryptSalt  = 22 // characters
)

// genSalt makes a salt of a kind and with a cost, 0 for that of the kind.
func genSalt(kind string, cost int64) (string, error) {
	switch kind {
	case "bf":
	case "md5", "des", "xdes":
		return "", dberr.SQL(dberr.StateFeatureNotSupported, "gen_salt: %q is not supported", kind).WithHint("Use gen_salt('bf').")
	default:
		return "", errParam("gen_salt: Unknown salt algorithm")
	}
	if cost == 0 {
		cost = bcryptCost
	}
	if cost < 4 || cost > 31 {
		return "", errParam("gen_salt: Incorrect number of rounds")
	}
	var salt [16]byte
	if _, err := rand.Read(salt[:]); err != nil {
		return "", err
	}
	return fmt.Sprintf("$2a$%02d$%s", cost, bcryptText.EncodeToString(salt[:])), nil
}

// crypt hashes a password with a salt, which may be a hash made before.
func crypt(password, salt string) (string, error) {
	bad := errParam("invalid salt")
	if len(salt) < 7+bcryptSalt || salt[:2] != "$2" || salt[3] != '$' || salt[6] != '$' || salt[2] != 'a' && salt[2] != 'b' && salt[2] != 'y' && salt[2] != 'x' {
		return "", bad
	}
	cost, err := strconv.Atoi(salt[4:6])
	raw, derr := bcryptText.DecodeString(salt[7 : 7+bcryptSalt])
	if err != nil || derr != nil || cost < 4 || cost > 31 || salt[2] == 'x' {
		return "", bad
	}
	if cost > bcryptMost {
		return "", errParam("crypt: a cost of %d takes too long, %d is the most", cost, bcryptMost)
	}
	key := append([]byte(password), 0)
	if len(key) > 72 {
		key = key[:72]
	}
	c, err := blowfish.NewSaltedCipher(key, raw)
	if err != nil {
		return "", errParam("crypt: %s", err)
	}
	for range 1 << cost {
		blowfish.ExpandKey(key, c)
		blowfish.ExpandKey(raw, c)
	}
	out := []byte(bcryptMagic)
	for i := 0; i < len(out); i += 8 {
		for range 64 {
			c.Encrypt(out[i:i+8], out[i:i+8])
		}
	}
	return salt[:7+bcryptSalt] + bcryptText.EncodeToString(out[:23]), nil
}
