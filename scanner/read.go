package scanner

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"syscall"
	"unicode/utf16"
)

var errNotRegular = errors.New("not a regular file")

// load returns the first maxStructured bytes of a regular file below the root
// and its size. O_NONBLOCK keeps a FIFO from blocking the open; os.Root refuses
// a path that leaves the root, also through a symbolic link.
func (s *scan) load(p string) (data []byte, size int64, err error) {
	f, err := s.root.OpenFile(p, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, errNotRegular
	}
	data, err = io.ReadAll(io.LimitReader(f, maxStructured))
	if err != nil {
		return nil, 0, err
	}
	size = int64(len(data))
	if size == maxStructured {
		size = max(size, info.Size())
	}
	return data, size, nil
}

// isBinary says whether data is no text: a NUL byte near its beginning, unless
// a byte-order mark says UTF-16.
func isBinary(data []byte) bool {
	if _, ok := utf16Order(data); ok {
		return false
	}
	return bytes.IndexByte(data[:min(len(data), maxNUL)], 0) >= 0
}

func utf16Order(data []byte) (binary.ByteOrder, bool) {
	if len(data) < 2 {
		return nil, false
	}
	switch {
	case data[0] == 0xFF && data[1] == 0xFE:
		return binary.LittleEndian, true
	case data[0] == 0xFE && data[1] == 0xFF:
		return binary.BigEndian, true
	}
	return nil, false
}

// decodeText returns data as UTF-8 without a byte-order mark.
func decodeText(data []byte) []byte {
	order, ok := utf16Order(data)
	if !ok {
		return bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF"))
	}
	data = data[2:]
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = order.Uint16(data[2*i:])
	}
	return []byte(string(utf16.Decode(units)))
}

// matchText runs the text patterns over the lines that structure did not reach:
// over f when it holds the whole file, else over the file in overlapping chunks.
func (s *scan) matchText(p string, f *file, whole bool, size int64, out *found) {
	if whole {
		s.matchChunk(p, f.data, 1, out, nil)
		return
	}
	if f.wide {
		out.skip(0, "UTF-16 text larger than 8 MiB: only the beginning was matched")
		s.matchChunk(p, f.data, 1, out, nil)
		return
	}
	if size > maxText {
		out.skip(0, "larger than 256 MiB: only the beginning was matched")
	}
	file, err := s.root.OpenFile(p, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		out.skip(0, "cannot be read: "+cause(err).Error())
		return
	}
	defer file.Close()
	var (
		buf  = make([]byte, 0, chunkSize+chunkLap)
		line = 1
		r    = io.LimitReader(file, maxText)
		seen = map[TextMatch]bool{} // hits in the overlap come twice
	)
	for {
		n, err := io.ReadFull(r, buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if len(buf) > 0 && n > 0 {
			s.matchChunk(p, buf, line, out, seen)
		}
		if err != nil {
			if err != io.EOF && err != io.ErrUnexpectedEOF {
				out.skip(line, "cannot be read further: "+cause(err).Error())
			}
			return
		}
		keep := len(buf) - chunkLap
		line += bytes.Count(buf[:keep], []byte("\n"))
		copy(buf, buf[keep:])
		buf = buf[:chunkLap]
	}
}

func (s *scan) matchChunk(p string, text []byte, firstLine int, out *found, seen map[TextMatch]bool) {
	defer func() {
		if recover() != nil {
			out.skip(firstLine, "the text patterns failed here (a defect of agentsec: please report it)")
		}
	}()
	for _, m := range s.opts.Text(p, text) {
		m.Line += firstLine - 1
		if out.reached[m.Line] {
			continue
		}
		if seen != nil {
			key := m
			key.Column = 0
			if seen[key] {
				continue
			}
			seen[key] = true
		}
		out.candidates = append(out.candidates, Candidate{
			Mechanism: Literal, Place: InText, Name: m.Name, Value: m.Value, Pattern: m.Pattern,
			At: Position{Path: p, Line: m.Line, Column: m.Column}, Detail: m.Provider,
		})
	}
}
