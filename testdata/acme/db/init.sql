-- Deskmate's schema and a few rows for each tenant, for development.
-- Run once as superuser in database acme; the role acme_app must exist.

BEGIN;

CREATE TABLE public.tickets (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant     text        NOT NULL,
    parent_id  bigint      REFERENCES public.tickets (id),
    subject    text        NOT NULL,
    body       text        NOT NULL,
    status     text        NOT NULL DEFAULT 'new'
                           CHECK (status IN ('new', 'triaged', 'escalated', 'closed')),
    priority   text        NOT NULL DEFAULT 'normal'
                           CHECK (priority IN ('low', 'normal', 'urgent')),
    summary    text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX tickets_tenant_status ON public.tickets (tenant, status);

-- One escalation for each ticket, whatever the number of agents.
CREATE UNIQUE INDEX tickets_one_escalation ON public.tickets (parent_id)
    WHERE status = 'escalated';

CREATE TABLE public.documents (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant     text        NOT NULL,
    title      text        NOT NULL,
    body       text        NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX documents_tenant ON public.documents (tenant, updated_at DESC);

ALTER TABLE public.tickets   OWNER TO acme_app;
ALTER TABLE public.documents OWNER TO acme_app;

INSERT INTO public.tickets (tenant, subject, body, status, priority) VALUES
    ('aurora',   'Export stops at 10,000 rows',
     'The nightly export of the CRM ends after 10,000 rows. It worked until Monday. No error is shown.', 'new', 'urgent'),
    ('aurora',   'Invite mail not received',
     'Two new colleagues did not get their invitation. Their mailbox accepts other mail.', 'new', 'normal'),
    ('aurora',   'Dark mode in the mobile app',
     'The mobile app ignores the system setting. A switch would be enough.', 'triaged', 'low'),
    ('borealis', 'Invoice shows the old address',
     'We moved in March. The last three invoices still show the old address.', 'new', 'normal'),
    ('borealis', 'Login loop with SSO',
     'After the login at our identity provider the browser returns to the login page. Nobody can work.', 'new', 'urgent'),
    ('cumulus',  'API answers 429 at night',
     'Our import gets status 429 from two to three in the morning. We are far below the limit.', 'new', 'normal'),
    ('cumulus',  'Webhook is sent twice',
     'Each ticket.closed event arrives twice, with the same id, one second apart.', 'new', 'normal'),
    ('cumulus',  'Question on data residency',
     'Legal asks in which region attachments are stored.', 'closed', 'low');

INSERT INTO public.documents (tenant, title, body) VALUES
    ('aurora',   'Export limits',
     'Exports are cut into parts of 10,000 rows since release 4.2. Clients must follow the link of the next part. Older clients stop after the first one.'),
    ('aurora',   'Invitations',
     'Invitation mails are sent from no-reply@deskmate.example. They expire after 72 hours. An administrator can send them again.'),
    ('borealis', 'Single sign-on runbook',
     'A login loop means that the clock of the identity provider differs by more than 60 seconds. Compare the clocks first. Then look at the audience of the assertion.'),
    ('borealis', 'Billing contacts',
     'The billing address is copied into each open invoice at the first of the month. Changes apply from the next invoice.'),
    ('cumulus',  'Rate limits',
     'Maintenance from 02:00 to 03:00 UTC halves the rate limits. Imports should retry with the Retry-After header.'),
    ('cumulus',  'Webhook delivery',
     'Delivery is at least once. Receivers must ignore an event id that they have seen.');

COMMIT;
