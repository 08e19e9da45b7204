// main.go - the same work as a Go team would write it: Gin, pgx with a pool, encoding/xml.
// Plivo's Go SDK is not in Debian, so the signature is checked here.
package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"math/rand"
	"net/url"
	"os"
	"sort"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v4/pgxpool"
)

type dial struct {
	CallerID string `xml:"callerId,attr"`
	Number   string `xml:"Number"`
}

type reply struct {
	XMLName xml.Name  `xml:"Response"`
	Dial    *dial     `xml:"Dial,omitempty"`
	Speak   string    `xml:"Speak,omitempty"`
	Hangup  *struct{} `xml:"Hangup,omitempty"`
}

func validSignature(token, address string, form url.Values, nonce, signature string) bool {
	names := make([]string, 0, len(form))
	for name := range form {
		names = append(names, name)
	}
	sort.Strings(names)
	var text strings.Builder
	text.WriteString(address + "?")
	for _, name := range names {
		values := append([]string(nil), form[name]...)
		sort.Strings(values)
		for _, value := range values {
			text.WriteString(name + value)
		}
	}
	mac := hmac.New(sha256.New, []byte(token))
	mac.Write([]byte(text.String() + "." + nonce))
	wanted := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return hmac.Equal([]byte(wanted), []byte(signature))
}

func main() {
	pool, err := pgxpool.Connect(context.Background(), os.Getenv("DATABASE_URL")+"&pool_max_conns=32")
	if err != nil {
		panic(err)
	}
	token, public := os.Getenv("PLIVO_AUTH_TOKEN"), os.Getenv("PUBLIC_URL")
	const question = "SELECT outcome, counterpart FROM masking.answer_calls($1::text[], $2::bigint[], $3::bigint[], $4::bigint[])"
	const record = "INSERT INTO bench.call_events (call_uuid, event) VALUES ($1, $2)"

	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.Use(func(c *gin.Context) {
		if c.Request.ParseForm() != nil {
			c.AbortWithStatus(400)
		} else if !validSignature(token, public+c.Request.URL.Path, c.Request.PostForm,
			c.GetHeader("X-Plivo-Signature-V3-Nonce"), c.GetHeader("X-Plivo-Signature-V3")) {
			c.AbortWithStatus(403)
		}
	})
	told := func(c *gin.Context) {
		fields := map[string]string{}
		for name, values := range c.Request.PostForm {
			fields[name] = values[0]
		}
		if _, err := pool.Exec(c, record, fields["CallUUID"], fields); err != nil {
			c.Status(500)
			return
		}
		c.XML(200, reply{})
	}
	router.POST("/dial/event", told)
	router.POST("/dial/action", told)
	router.POST("/hangup", told)
	router.POST("/answer", func(c *gin.Context) {
		form := c.Request.PostForm
		caller, _ := strconv.ParseInt(form.Get("From"), 10, 64)
		dialled, _ := strconv.ParseInt(form.Get("To"), 10, 64)
		var outcome string
		var counterpart *int64
		err := pool.QueryRow(c, question, []string{form.Get("CallUUID")}, []int64{caller}, []int64{dialled},
			[]int64{1 + rand.Int63n(1<<62)}).
			Scan(&outcome, &counterpart)
		if err != nil {
			c.Status(500)
			return
		}
		answer := reply{Speak: "Sorry, this call cannot be connected.", Hangup: &struct{}{}}
		if outcome == "connected" {
			answer = reply{Dial: &dial{form.Get("To"), strconv.FormatInt(*counterpart, 10)}}
		}
		c.XML(200, answer)
	})
	if err := router.Run("127.0.0.1:" + os.Getenv("PORT")); err != nil {
		panic(err)
	}
}
