package app

import (
	"context"
	"net/netip"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/server/api"
	"github.com/weftdb/weft/server/webhooks"
)

// newSender makes what sends for webhooks.
func (a *App) newSender() *webhooks.Sender {
	o := webhooks.Options{Encode: api.EncodeMessage, Agent: "weft/" + a.opts.Version,
		Failed: func(channel, webhook string, err error) {
			a.opts.Log.Warn("a webhook failed; it is tried again as it says", "channel", channel, "webhook", webhook, "error", err)
		}}
	for _, text := range a.cfg.Server.WebhookNetworks {
		if p, err := netip.ParsePrefix(text); err == nil { // the configuration was checked
			o.Allow = append(o.Allow, p)
		}
	}
	return webhooks.New(o)
}

// sendWebhooks sends for the webhooks of all databases.
func (a *App) sendWebhooks(db *weft.DB) {
	ctx := context.Background()
	list, err := backend{db}.Databases(ctx)
	for i := 0; err == nil && i < len(list); i++ {
		store, openErr := db.StreamingIn(ctx, list[i].Name, false)
		if openErr != nil {
			err = openErr
			break
		}
		hooks, listErr := store.Webhooks(ctx, "")
		for _, w := range hooks {
			a.sender.Add(list[i].Name, store, w)
		}
		err = listErr
	}
	if err != nil {
		a.opts.Log.Error("webhooks could not be read; they are sent after the next start", "error", err)
	}
}

// stopWork ends what runs beside requests on a database.
func (a *App) stopWork() {
	a.sender.RemoveAll()
	a.stopSweep()
}
