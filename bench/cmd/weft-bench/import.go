package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// writeTracks writes a CSV file shaped like a shop's table of tracks.
func writeTracks(path string, rows int) (int64, error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	fmt.Fprintln(w, "track_id,name,album_id,media_type_id,genre_id,composer,milliseconds,bytes,unit_price")
	for i := 1; i <= rows; i++ {
		fmt.Fprintf(w, "%d,\"Track number %d (live)\",%d,%d,%d,\"Composer %d, Lyricist %d\",%d,%d,0.99\n",
			i, i*7919%rows, i/12, i%5+1, i%25+1, i%300, i%211, 100000+i*37%400000, 3000000+i*7919%9000000)
	}
	if err := w.Flush(); err != nil {
		return 0, err
	}
	st, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return st.Size(), f.Close()
}

func benchImport(c config) error {
	dir, err := os.MkdirTemp("", "weft-import")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	file := filepath.Join(dir, "track.csv")
	size, err := writeTracks(file, c.rows)
	if err != nil {
		return err
	}
	fmt.Printf("\n## CSV import (%d rows, 9 columns, %.1f MB; rows/s, median of rounds)\n| side | rows/s | MB/s | weft is |\n|---|---|---|---|\n", c.rows, float64(size)/1e6)
	weft, stop, err := startWeft(c)
	if err != nil {
		return err
	}
	defer stop()
	sides := []struct {
		name string
		run  func(round int) (time.Duration, error)
	}{
		{"weft import (over HTTP, types guessed)", func(round int) (time.Duration, error) {
			return timed(exec.Command(c.bin, "import", file, "--table", "track"+strconv.Itoa(round), "--server", "http://"+weft.addr))
		}},
		{"sqlite3 .import", func(round int) (time.Duration, error) { return sqliteImport(dir, file, round) }},
	}
	pg, err := startPostgres(dir)
	if err != nil {
		fmt.Printf("PostgreSQL is left out: %v\n", err)
	} else {
		defer pg.stop()
		sides = append(sides, struct {
			name string
			run  func(round int) (time.Duration, error)
		}{"PostgreSQL \\copy (types given)", func(round int) (time.Duration, error) { return pg.copyIn(file, round) }})
	}
	speeds := make([][]float64, len(sides))
	for round := range c.rounds {
		for i, s := range sides {
			d, err := s.run(round)
			if err != nil {
				if i == 0 {
					return err
				}
				fmt.Printf("%s is left out: %v\n", s.name, err)
				continue
			}
			speeds[i] = append(speeds[i], float64(c.rows)/d.Seconds())
		}
	}
	for i, s := range sides {
		if m := median(speeds[i]); m > 0 {
			fmt.Printf("| %s | %.0f | %.1f | %.2f × |\n", s.name, m, m*float64(size)/float64(c.rows)/1e6, median(speeds[0])/m)
		}
	}
	return nil
}

func timed(cmd *exec.Cmd) (time.Duration, error) {
	start := time.Now()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), err, out)
	}
	return time.Since(start), nil
}

// sqliteImport fills a table of the same types in a file with SQLite's default durability.
func sqliteImport(dir, file string, round int) (time.Duration, error) {
	db := filepath.Join(dir, fmt.Sprintf("s%d.db", round))
	return timed(exec.Command("sqlite3", db,
		"CREATE TABLE track (track_id INTEGER, name TEXT, album_id INTEGER, media_type_id INTEGER, genre_id INTEGER, composer TEXT, milliseconds INTEGER, bytes INTEGER, unit_price NUMERIC)",
		".import --csv --skip 1 "+file+" track"))
}

// postgres is a private cluster on a socket in its own directory, and on a port of this
// machine for what is compared with requests over HTTP.
type postgres struct {
	bin, dir string
	port     int
	cred     *syscall.Credential
}

func startPostgres(dir string) (*postgres, error) {
	bins, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(bins) == 0 {
		return nil, fmt.Errorf("no initdb is installed")
	}
	p := &postgres{bin: filepath.Dir(bins[len(bins)-1]), dir: filepath.Join(dir, "pg")}
	if os.Getuid() == 0 { // PostgreSQL refuses to run as root
		u, err := user.Lookup("postgres")
		if err != nil {
			return nil, err
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		p.cred = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Mkdir(p.dir, 0o700); err != nil {
			return nil, err
		}
		if err := os.Chown(p.dir, uid, gid); err != nil {
			return nil, err
		}
	}
	if p.port, err = freePort(); err != nil {
		return nil, err
	}
	if _, err := timed(p.command("initdb", "-D", p.dir+"/data", "-A", "trust", "-U", "postgres")); err != nil {
		return nil, err
	}
	_, err = timed(p.command("pg_ctl", "-D", p.dir+"/data", "-w", "-l", p.dir+"/log", "-o",
		"-c listen_addresses=127.0.0.1 -c unix_socket_directories="+p.dir+" -c shared_buffers=1GB -c max_connections=200 -c max_wal_size=8GB", "start"))
	return p, err
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

func (p *postgres) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(p.bin, name), args...)
	cmd.Dir, cmd.Env = p.dir, append(os.Environ(), "PGPORT="+strconv.Itoa(p.port))
	if p.cred != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.cred}
	}
	return cmd
}

func (p *postgres) psql(args ...string) *exec.Cmd {
	return p.command("psql", append([]string{"-h", p.dir, "-U", "postgres", "-q", "-v", "ON_ERROR_STOP=1"}, args...)...)
}

func (p *postgres) copyIn(file string, round int) (time.Duration, error) {
	t := "track" + strconv.Itoa(round)
	cols := "track_id int, name text, album_id int, media_type_id int, genre_id int, composer text, milliseconds int, bytes int, unit_price numeric"
	return timed(p.psql("-c", strings.Join([]string{"CREATE TABLE " + t + " (" + cols + ")"}, ";"), "-c", `\copy `+t+` from '`+file+`' csv header`))
}

func (p *postgres) stop() {
	if _, err := timed(p.command("pg_ctl", "-D", p.dir+"/data", "-m", "immediate", "stop")); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}
