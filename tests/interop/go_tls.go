// Go's crypto/tls with its defaults: `go_tls client PORT CA` asks twice, the second time with the first's session; `go_tls server CERT KEY`
// prints its port and answers.

//go:debug default=go1.24

package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
)

func client(port, ca string) {
	pem, err := os.ReadFile(ca)
	if err != nil {
		log.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	conf := &tls.Config{RootCAs: roots, ServerName: "localhost", ClientSessionCache: tls.NewLRUClientSessionCache(0)}
	for range 2 {
		c, err := tls.Dial("tcp", "127.0.0.1:"+port, conf)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Fprint(c, "GET /go HTTP/1.0\r\n\r\n")
		if _, err = io.Copy(os.Stdout, c); err != nil {
			log.Fatal(err)
		}
		c.Close()
	}
}

func server(cert, key string) {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		log.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(l.Addr().String())
	log.Fatal(http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "go-server %s %s\n", r.Method, r.URL)
	})))
}

func main() {
	switch {
	case len(os.Args) == 4 && os.Args[1] == "client":
		client(os.Args[2], os.Args[3])
	case len(os.Args) == 4 && os.Args[1] == "server":
		server(os.Args[2], os.Args[3])
	default:
		log.Fatal("usage: go_tls client PORT CA | server CERT KEY")
	}
}
