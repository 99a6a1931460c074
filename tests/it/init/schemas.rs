//! Tables of users as applications make them: columns, types and keys after their own schemas, two or three users in
//! each. `ada@example.com` may sign in with [`PASSWORD`], `bob@example.com` may not.
//!
//! The hashes: `$2y$` by PHP 8.2's `password_hash`, `$wp$2y$` by it and `hash_hmac` as WordPress 6.8 calls them, `$2a$`
//! by Ruby's bcrypt gem, Django's by Django 5.2.19 (tests/vectors/django.toml); those of Keycloak, `MediaWiki`, ASP.NET Identity and Redmine by Python's hashlib from each
//! format's definition; `$P$` from phpass 0.3's test.php, whose password is another; `$S$` by phpass's loop with SHA-512
//! (tests/vectors/apps.toml).

/// What ada types.
pub(super) const PASSWORD: &str = "correct horse battery staple";

/// WordPress 6.8, wp-admin/includes/schema.php.
pub(super) const WORDPRESS: &str = r"
CREATE TABLE wp_users (
  ID bigint(20) unsigned NOT NULL auto_increment,
  user_login varchar(60) NOT NULL default '',
  user_pass varchar(255) NOT NULL default '',
  user_nicename varchar(50) NOT NULL default '',
  user_email varchar(100) NOT NULL default '',
  user_url varchar(100) NOT NULL default '',
  user_registered datetime NOT NULL default '0000-00-00 00:00:00',
  user_activation_key varchar(255) NOT NULL default '',
  user_status int(11) NOT NULL default '0',
  display_name varchar(250) NOT NULL default '',
  PRIMARY KEY  (ID),
  KEY user_login_key (user_login),
  KEY user_nicename (user_nicename),
  KEY user_email (user_email)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;
CREATE TABLE wp_usermeta (
  umeta_id bigint(20) unsigned NOT NULL auto_increment,
  user_id bigint(20) unsigned NOT NULL default '0',
  meta_key varchar(255) default NULL,
  meta_value longtext,
  PRIMARY KEY  (umeta_id),
  KEY user_id (user_id),
  KEY meta_key (meta_key(191))
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;
CREATE TABLE wp_posts (ID bigint(20) unsigned NOT NULL auto_increment PRIMARY KEY, post_password varchar(255) NOT NULL
  default '', post_name varchar(200) NOT NULL default '');
INSERT INTO wp_users (user_login, user_pass, user_nicename, user_email, user_registered, display_name) VALUES
  ('ada', '$2y$04$SEJj2breygnNDWxxa8BA2.nKExa1A21T2iTh8xzrPJasESe.9LtSu', 'ada', 'Ada@example.com', now(), 'Ada L'),
  ('cleo', '$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0', 'cleo', 'cleo@example.com', now(), 'Cleo M'),
  ('dora', '$wp$2y$04$u3buWcx6/A2l4SNbIzQhleiX8SV7smIOhsNv4PWln5HMEtzkpWVha', 'dora', 'dora@example.com', now(), 'Dora S');
INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES (1, 'nickname', 'ada'), (1, 'first_name', 'Ada'),
  (1, 'last_name', 'Lovelace'), (2, 'first_name', 'Cleo'), (2, 'last_name', 'Mantua'),
  (3, 'first_name', 'Dora'), (3, 'last_name', 'Sand');
";

/// Drupal 7, modules/user/user.install.
pub(super) const DRUPAL_7: &str = r"
CREATE TABLE users (
  uid int(10) unsigned NOT NULL DEFAULT '0',
  name varchar(60) NOT NULL DEFAULT '',
  pass varchar(128) NOT NULL DEFAULT '',
  mail varchar(254) DEFAULT '',
  theme varchar(255) NOT NULL DEFAULT '',
  signature varchar(255) NOT NULL DEFAULT '',
  signature_format varchar(255) DEFAULT NULL,
  created int(11) NOT NULL DEFAULT '0',
  access int(11) NOT NULL DEFAULT '0',
  login int(11) NOT NULL DEFAULT '0',
  status tinyint(4) NOT NULL DEFAULT '0',
  timezone varchar(32) DEFAULT NULL,
  language varchar(12) NOT NULL DEFAULT '',
  picture int(11) NOT NULL DEFAULT '0',
  init varchar(254) DEFAULT '',
  data longblob,
  PRIMARY KEY (uid),
  UNIQUE KEY name (name),
  KEY access (access),
  KEY created (created),
  KEY mail (mail),
  KEY picture (picture)
) ENGINE=InnoDB DEFAULT CHARSET=utf8;
INSERT INTO users (uid, name, pass, mail, status, login, init) VALUES
  (0, '', '', '', 0, 0, ''),
  (1, 'ada', '$S$5PcJz0tKoGb267NPMtkx4BrFv81SegzkEgmHyZa/Q6lEUTCJgMbu', 'ada@example.com', 1, 1767225600, 'a@example.com'),
  (2, 'bob', '$S$5PcJz0tKoGb267NPMtkx4BrFv81SegzkEgmHyZa/Q6lEUTCJgMbu', 'bob@example.com', 0, 0, 'b@example.com');
";

/// Drupal 10, the tables of the entity `user`.
pub(super) const DRUPAL_10: &str = r"
CREATE TABLE users (
  uid int(10) unsigned NOT NULL AUTO_INCREMENT,
  uuid varchar(128) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
  langcode varchar(12) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
  PRIMARY KEY (uid),
  UNIQUE KEY user_field__uuid__value (uuid)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE users_field_data (
  uid int(10) unsigned NOT NULL,
  langcode varchar(12) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
  preferred_langcode varchar(12) CHARACTER SET ascii COLLATE ascii_general_ci DEFAULT NULL,
  preferred_admin_langcode varchar(12) CHARACTER SET ascii COLLATE ascii_general_ci DEFAULT NULL,
  name varchar(60) NOT NULL,
  pass varchar(255) DEFAULT NULL,
  mail varchar(254) DEFAULT NULL,
  timezone varchar(32) DEFAULT NULL,
  status tinyint(4) DEFAULT NULL,
  created int(11) NOT NULL,
  changed int(11) DEFAULT NULL,
  access int(11) NOT NULL,
  login int(11) DEFAULT NULL,
  init varchar(254) DEFAULT NULL,
  default_langcode tinyint(4) NOT NULL,
  PRIMARY KEY (uid,langcode),
  UNIQUE KEY user__name (name,langcode),
  KEY user__id__default_langcode__langcode (uid,default_langcode,langcode),
  KEY user_field__mail (mail(191)),
  KEY user_field__created (created),
  KEY user_field__access (access)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO users_field_data (uid, langcode, name, pass, mail, status, created, access, login, default_langcode) VALUES
  (0, 'en', '', NULL, NULL, 0, 0, 0, 0, 1),
  (1, 'en', 'ada', '$2y$04$SEJj2breygnNDWxxa8BA2.nKExa1A21T2iTh8xzrPJasESe.9LtSu', 'ada@example.com', 1, 0, 0, 1767225600, 1),
  (1, 'de', 'ada', '$2y$04$SEJj2breygnNDWxxa8BA2.nKExa1A21T2iTh8xzrPJasESe.9LtSu', 'ada@example.com', 1, 0, 0, 1767225600, 0),
  (2, 'en', 'bob', '$2y$04$SEJj2breygnNDWxxa8BA2.nKExa1A21T2iTh8xzrPJasESe.9LtSu', 'bob@example.com', 0, 0, 0, 0, 1);
";

/// Django 5.2, `sqlmigrate auth` on PostgreSQL.
pub(super) const DJANGO: &str = r#"
CREATE TABLE "auth_group" ("id" integer NOT NULL PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, "name" varchar(150) NOT NULL UNIQUE);
CREATE TABLE "auth_user" (
  "id" integer NOT NULL PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY,
  "password" varchar(128) NOT NULL,
  "last_login" timestamp with time zone NULL,
  "is_superuser" boolean NOT NULL,
  "username" varchar(150) NOT NULL UNIQUE,
  "first_name" varchar(150) NOT NULL,
  "last_name" varchar(150) NOT NULL,
  "email" varchar(254) NOT NULL,
  "is_staff" boolean NOT NULL,
  "is_active" boolean NOT NULL,
  "date_joined" timestamp with time zone NOT NULL
);
CREATE INDEX "auth_user_username_like" ON "auth_user" ("username" varchar_pattern_ops);
CREATE TABLE "django_session" ("session_key" varchar(40) NOT NULL PRIMARY KEY, "session_data" text NOT NULL,
  "expire_date" timestamp with time zone NOT NULL);
INSERT INTO "auth_user" ("password", "last_login", "is_superuser", "username", "first_name", "last_name", "email", "is_staff",
  "is_active", "date_joined") VALUES
  ('pbkdf2_sha256$10000$QxFxeRly8TZyq0RVWe8JQM$6KSK5TwepvsWQlDYkUUUmgNdyXxDdJayUqpovMkBt4o=', now(), true, 'ada', 'Ada',
   'Lovelace', 'Ada@example.com', true, true, now()),
  ('pbkdf2_sha1$10000$uDciCxmDbHstofLfNthL1j$srcfm+9g7P/Cf4g+wGbbCUsPKxQ=', NULL, false, 'bob', 'Bob', 'Babbage',
   'bob@example.com', false, false, now());
"#;

/// ASP.NET Core Identity 8, the migration of Entity Framework for SQLite.
pub(super) const ASP_NET_SQLITE: &str = r#"
CREATE TABLE "AspNetRoles" ("Id" TEXT NOT NULL CONSTRAINT "PK_AspNetRoles" PRIMARY KEY, "Name" TEXT NULL);
CREATE TABLE "AspNetUsers" (
    "Id" TEXT NOT NULL CONSTRAINT "PK_AspNetUsers" PRIMARY KEY,
    "UserName" TEXT NULL,
    "NormalizedUserName" TEXT NULL,
    "Email" TEXT NULL,
    "NormalizedEmail" TEXT NULL,
    "EmailConfirmed" INTEGER NOT NULL,
    "PasswordHash" TEXT NULL,
    "SecurityStamp" TEXT NULL,
    "ConcurrencyStamp" TEXT NULL,
    "PhoneNumber" TEXT NULL,
    "PhoneNumberConfirmed" INTEGER NOT NULL,
    "TwoFactorEnabled" INTEGER NOT NULL,
    "LockoutEnd" TEXT NULL,
    "LockoutEnabled" INTEGER NOT NULL,
    "AccessFailedCount" INTEGER NOT NULL
);
CREATE UNIQUE INDEX "UserNameIndex" ON "AspNetUsers" ("NormalizedUserName");
CREATE INDEX "EmailIndex" ON "AspNetUsers" ("NormalizedEmail");
CREATE TABLE "AspNetUserTokens" ("UserId" TEXT NOT NULL, "LoginProvider" TEXT NOT NULL, "Name" TEXT NOT NULL, "Value" TEXT NULL);
INSERT INTO "AspNetUsers" VALUES
    ('72ba7fef-ce6c-4c66-984b-fca4729e9184', 'ada', 'ADA', 'ada@example.com', 'ADA@EXAMPLE.COM', 1,
     'AQAAAAEAACcQAAAAEAABAgMEBQYHCAkKCwwNDg/Z+V9lwt+dKF0miCMAylvinj7VAFVmY4NcTGLicFFQIg==', 'S', 'C', '+49 30 1', 0, 0, NULL,
     1, 0),
    ('82ba7fef-ce6c-4c66-984b-fca4729e9184', 'bob', 'BOB', 'bob@example.com', 'BOB@EXAMPLE.COM', 1,
     'AQAAAAEAACcQAAAAEAABAgMEBQYHCAkKCwwNDg/Z+V9lwt+dKF0miCMAylvinj7VAFVmY4NcTGLicFFQIg==', 'S', 'C', NULL, 0, 0,
     '9999-12-31 23:59:59.9999999+00:00', 1, 0);
"#;

/// The same for PostgreSQL, by Npgsql, with names of people that the application has added.
pub(super) const ASP_NET_POSTGRES: &str = r#"
CREATE TABLE "AspNetUsers" (
    "Id" text NOT NULL,
    "UserName" character varying(256),
    "NormalizedUserName" character varying(256),
    "Email" character varying(256),
    "NormalizedEmail" character varying(256),
    "EmailConfirmed" boolean NOT NULL,
    "PasswordHash" text,
    "SecurityStamp" text,
    "ConcurrencyStamp" text,
    "PhoneNumber" text,
    "PhoneNumberConfirmed" boolean NOT NULL,
    "TwoFactorEnabled" boolean NOT NULL,
    "LockoutEnd" timestamp with time zone,
    "LockoutEnabled" boolean NOT NULL,
    "AccessFailedCount" integer NOT NULL,
    "FirstName" text,
    "LastName" text,
    CONSTRAINT "PK_AspNetUsers" PRIMARY KEY ("Id")
);
CREATE INDEX "EmailIndex" ON "AspNetUsers" ("NormalizedEmail");
CREATE UNIQUE INDEX "UserNameIndex" ON "AspNetUsers" ("NormalizedUserName");
INSERT INTO "AspNetUsers" VALUES
    ('72ba7fef-ce6c-4c66-984b-fca4729e9184', 'ada', 'ADA', 'ada@example.com', 'ADA@EXAMPLE.COM', true,
     'AQAAAAEAACcQAAAAEAABAgMEBQYHCAkKCwwNDg/Z+V9lwt+dKF0miCMAylvinj7VAFVmY4NcTGLicFFQIg==', 'S', 'C', '+49 30 1', false, false,
     NULL, true, 0, 'Ada', 'Lovelace'),
    ('82ba7fef-ce6c-4c66-984b-fca4729e9184', 'bob', 'BOB', 'bob@example.com', 'BOB@EXAMPLE.COM', true,
     'AQAAAAEAACcQAAAAEAABAgMEBQYHCAkKCwwNDg/Z+V9lwt+dKF0miCMAylvinj7VAFVmY4NcTGLicFFQIg==', 'S', 'C', NULL, false, false,
     'infinity', true, 0, 'Bob', 'Babbage');
"#;

/// Devise 4.9, `rails generate devise User` with everything switched on, on PostgreSQL.
pub(super) const DEVISE: &str = r"
CREATE TABLE schema_migrations (version character varying NOT NULL PRIMARY KEY);
CREATE TABLE users (
  id bigserial PRIMARY KEY,
  email character varying DEFAULT '' NOT NULL,
  encrypted_password character varying DEFAULT '' NOT NULL,
  reset_password_token character varying,
  reset_password_sent_at timestamp(6) without time zone,
  remember_created_at timestamp(6) without time zone,
  sign_in_count integer DEFAULT 0 NOT NULL,
  current_sign_in_at timestamp(6) without time zone,
  last_sign_in_at timestamp(6) without time zone,
  current_sign_in_ip character varying,
  last_sign_in_ip character varying,
  confirmation_token character varying,
  confirmed_at timestamp(6) without time zone,
  confirmation_sent_at timestamp(6) without time zone,
  unconfirmed_email character varying,
  failed_attempts integer DEFAULT 0 NOT NULL,
  unlock_token character varying,
  locked_at timestamp(6) without time zone,
  created_at timestamp(6) without time zone NOT NULL,
  updated_at timestamp(6) without time zone NOT NULL
);
CREATE UNIQUE INDEX index_users_on_email ON users USING btree (email);
CREATE UNIQUE INDEX index_users_on_reset_password_token ON users USING btree (reset_password_token);
INSERT INTO users (email, encrypted_password, locked_at, created_at, updated_at) VALUES
  ('ada@example.com', '$2a$04$C5AvaGEWEXupDBy5CrNGR.vP8u7dn032PGtqmOylYTUGycRDznZ8C', NULL, now(), now()),
  ('bob@example.com', '$2a$04$C5AvaGEWEXupDBy5CrNGR.vP8u7dn032PGtqmOylYTUGycRDznZ8C', now(), now(), now());
";

/// Keycloak 26 on PostgreSQL, by its Liquibase changes.
pub(super) const KEYCLOAK: &str = r#"
CREATE TABLE public.realm (id character varying(36) NOT NULL PRIMARY KEY, name character varying(255) UNIQUE,
    enabled boolean DEFAULT false NOT NULL, password_policy character varying(2550));
CREATE TABLE public.user_entity (
    id character varying(36) NOT NULL CONSTRAINT constraint_fb PRIMARY KEY,
    email character varying(255),
    email_constraint character varying(255),
    email_verified boolean DEFAULT false NOT NULL,
    enabled boolean DEFAULT false NOT NULL,
    federation_link character varying(255),
    first_name character varying(255),
    last_name character varying(255),
    realm_id character varying(255),
    username character varying(255),
    created_timestamp bigint,
    service_account_client_link character varying(255),
    not_before integer DEFAULT 0 NOT NULL,
    CONSTRAINT uk_dykn684sl8up1crfei6eckhd7 UNIQUE (realm_id, email_constraint),
    CONSTRAINT uk_ru8tt6t700s9v50bu18ws5ha6 UNIQUE (realm_id, username)
);
CREATE TABLE public.credential (
    id character varying(36) NOT NULL CONSTRAINT constraint_f PRIMARY KEY,
    salt bytea,
    type character varying(255),
    user_id character varying(36) REFERENCES public.user_entity (id),
    created_date bigint,
    user_label character varying(255),
    secret_data text,
    credential_data text,
    priority integer
);
CREATE TABLE public.client (id character varying(36) NOT NULL PRIMARY KEY, secret character varying(255), name character varying(255));
INSERT INTO realm VALUES ('r0', 'master', true, NULL), ('r1', 'shop', true, NULL);
INSERT INTO user_entity VALUES
    ('a0', 'root@example.com', 'root@example.com', true, true, NULL, 'Root', 'Root', 'r0', 'root', 0, NULL, 0),
    ('a1', 'ada@example.com', 'ada@example.com', true, true, NULL, 'Ada', 'Lovelace', 'r1', 'ada', 0, NULL, 0),
    ('a2', 'bob@example.com', 'bob@example.com', true, false, NULL, 'Bob', 'Babbage', 'r1', 'bob', 0, NULL, 0),
    ('a3', NULL, 'x', false, true, NULL, NULL, NULL, 'r1', 'service-account-app', 0, 'c1', 0);
INSERT INTO credential (id, type, user_id, created_date, secret_data, credential_data, priority)
    SELECT 'c' || id, 'password', id, 0,
        '{"value":"Ca/W1uHPdOF53bPWSQyrHQQPdk6KOe20VTbaw0U+WWswH2gciKNBqwk+H7RPgAmCshFAhVRLSSar72bo1/g8dA==","salt":"AAECAwQFBgcICQoLDA0ODw==","additionalParameters":{}}',
        '{"hashIterations":27500,"algorithm":"pbkdf2-sha256","additionalParameters":{}}', 10
    FROM user_entity WHERE id < 'a3';
INSERT INTO credential (id, type, user_id, secret_data, credential_data) VALUES ('o1', 'otp', 'a1', '{"value":"x"}',
    '{"subType":"totp","digits":6,"counter":0,"period":30,"algorithm":"HmacSHA1"}');
"#;

/// `MediaWiki` 1.41, sql/mysql/tables-generated.sql, with no prefix.
pub(super) const MEDIAWIKI: &str = r"
CREATE TABLE user (
  user_id INT UNSIGNED AUTO_INCREMENT NOT NULL,
  user_name VARBINARY(255) DEFAULT '' NOT NULL,
  user_real_name VARBINARY(255) DEFAULT '' NOT NULL,
  user_password TINYBLOB NOT NULL,
  user_newpassword TINYBLOB NOT NULL,
  user_newpass_time BINARY(14) DEFAULT NULL,
  user_email TINYBLOB NOT NULL,
  user_touched BINARY(14) NOT NULL,
  user_token BINARY(32) DEFAULT '' NOT NULL,
  user_email_authenticated BINARY(14) DEFAULT NULL,
  user_email_token BINARY(32) DEFAULT NULL,
  user_email_token_expires BINARY(14) DEFAULT NULL,
  user_registration BINARY(14) DEFAULT NULL,
  user_editcount INT UNSIGNED DEFAULT NULL,
  user_password_expires VARBINARY(14) DEFAULT NULL,
  user_is_temp TINYINT(1) DEFAULT 0 NOT NULL,
  UNIQUE INDEX user_name (user_name),
  INDEX user_email_token (user_email_token),
  INDEX user_email (user_email(50)),
  PRIMARY KEY(user_id)
) ENGINE=InnoDB, DEFAULT CHARSET=binary;
CREATE TABLE bot_passwords (
  bp_user INT UNSIGNED NOT NULL, bp_app_id VARBINARY(32) NOT NULL, bp_password TINYBLOB NOT NULL,
  bp_token BINARY(32) DEFAULT '' NOT NULL, bp_restrictions BLOB NOT NULL, bp_grants BLOB NOT NULL,
  PRIMARY KEY(bp_user, bp_app_id)
) ENGINE=InnoDB, DEFAULT CHARSET=binary;
INSERT INTO user (user_name, user_real_name, user_password, user_newpassword, user_email, user_touched) VALUES
  ('Ada', 'Ada Lovelace', ':pbkdf2:sha512:30000:64:AAECAwQFBgcICQoLDA0ODw==:YEv9OAUH/a1l3GquLyEy93uMKHjMipNllASkRjqB/oIQswr6u3Ww8j5/gVasVRgrErX17iCPAfvU8jJ5Gad3aw==', '', 'ada@example.com', '20260101000000'),
  ('Cleo', '', ':B:838c83e1:1e9eb438c07fae9e1af383743efb9a82', '', 'cleo@example.com', '20260101000000');
";

/// phpBB 3.3, the columns that matter and those that could mislead, of `phpbb_users`.
pub(super) const PHPBB: &str = r"
CREATE TABLE phpbb_users (
  user_id int(10) unsigned NOT NULL AUTO_INCREMENT,
  user_type tinyint(2) NOT NULL DEFAULT '0',
  group_id mediumint(8) unsigned NOT NULL DEFAULT '3',
  user_permissions mediumtext COLLATE utf8_bin NOT NULL,
  user_perm_from mediumint(8) unsigned NOT NULL DEFAULT '0',
  user_ip varchar(40) COLLATE utf8_bin NOT NULL DEFAULT '',
  user_regdate int(11) unsigned NOT NULL DEFAULT '0',
  username varchar(255) COLLATE utf8_bin NOT NULL DEFAULT '',
  username_clean varchar(255) COLLATE utf8_bin NOT NULL DEFAULT '',
  user_password varchar(255) COLLATE utf8_bin NOT NULL DEFAULT '',
  user_passchg int(11) unsigned NOT NULL DEFAULT '0',
  user_email varchar(100) COLLATE utf8_bin NOT NULL DEFAULT '',
  user_birthday varchar(10) COLLATE utf8_bin NOT NULL DEFAULT '',
  user_lastvisit int(11) unsigned NOT NULL DEFAULT '0',
  user_lastpage varchar(200) COLLATE utf8_bin NOT NULL DEFAULT '',
  user_login_attempts tinyint(4) NOT NULL DEFAULT '0',
  user_inactive_reason tinyint(2) NOT NULL DEFAULT '0',
  user_sig mediumtext COLLATE utf8_bin NOT NULL,
  user_actkey varchar(32) COLLATE utf8_bin NOT NULL DEFAULT '',
  reset_token varchar(64) COLLATE utf8_bin NOT NULL DEFAULT '',
  user_newpasswd varchar(255) COLLATE utf8_bin NOT NULL DEFAULT '',
  user_form_salt varchar(32) COLLATE utf8_bin NOT NULL DEFAULT '',
  PRIMARY KEY (user_id),
  UNIQUE KEY username_clean (username_clean),
  KEY user_birthday (user_birthday),
  KEY user_type (user_type)
) ENGINE=InnoDB DEFAULT CHARSET=utf8 COLLATE=utf8_bin;
INSERT INTO phpbb_users (user_type, username, username_clean, user_password, user_email, user_permissions, user_sig,
  user_form_salt, user_lastvisit) VALUES
  (2, 'Anonymous', 'anonymous', '', '', '', '', '0011223344556677', 0),
  (3, 'Ada', 'ada', '$2y$04$SEJj2breygnNDWxxa8BA2.nKExa1A21T2iTh8xzrPJasESe.9LtSu', 'Ada@example.com', '', '', '0011223344556677', 1767225600),
  (0, 'Cleo', 'cleo', '$H$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0', 'cleo@example.com', '', '', '0011223344556677', 0),
  (1, 'Bob', 'bob', '$2y$04$SEJj2breygnNDWxxa8BA2.nKExa1A21T2iTh8xzrPJasESe.9LtSu', 'bob@example.com', '', '', '0011223344556677', 0),
  (0, 'Dora', 'dora', '$2y$04$1czuffBxTgezQ.UOEbOgh.jc0AQ6sjkMj./fnPeGzg//NZqCpOqfK', 'dora@example.com', '', '', '0011223344556677', 0),
  (2, 'Bing [Bot]', 'bing [bot]', '', '', '', '', '0011223344556677', 0);
";

/// Redmine 5 on MariaDB, `users` and `email_addresses` of db/schema.rb.
pub(super) const REDMINE: &str = r"
CREATE TABLE users (
  id int(11) NOT NULL AUTO_INCREMENT PRIMARY KEY,
  login varchar(255) NOT NULL DEFAULT '',
  hashed_password varchar(40) NOT NULL DEFAULT '',
  firstname varchar(30) NOT NULL DEFAULT '',
  lastname varchar(255) NOT NULL DEFAULT '',
  admin tinyint(1) NOT NULL DEFAULT 0,
  status int(11) NOT NULL DEFAULT 1,
  last_login_on datetime DEFAULT NULL,
  language varchar(5) DEFAULT '',
  auth_source_id int(11) DEFAULT NULL,
  created_on timestamp NULL DEFAULT NULL,
  updated_on timestamp NULL DEFAULT NULL,
  type varchar(255) DEFAULT NULL,
  mail_notification varchar(255) NOT NULL DEFAULT '',
  salt varchar(64) DEFAULT NULL,
  must_change_passwd tinyint(1) NOT NULL DEFAULT 0,
  passwd_changed_on datetime DEFAULT NULL,
  twofa_scheme varchar(255) DEFAULT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE email_addresses (
  id int(11) NOT NULL AUTO_INCREMENT PRIMARY KEY,
  user_id int(11) NOT NULL,
  address varchar(255) NOT NULL,
  is_default tinyint(1) NOT NULL DEFAULT 0,
  notify tinyint(1) NOT NULL DEFAULT 1,
  created_on datetime NOT NULL,
  updated_on datetime NOT NULL,
  KEY index_email_addresses_on_user_id (user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
INSERT INTO users (login, hashed_password, firstname, lastname, status, type, salt) VALUES
  ('ada', '232d726c971b1743e375c24e9e23d44b2ddbbf3b', 'Ada', 'Lovelace', 1, 'User', '8febd5b9b3e6fa6b7d4e2b0b1a2c3d4e'),
  ('bob', '232d726c971b1743e375c24e9e23d44b2ddbbf3b', 'Bob', 'Babbage', 3, 'User', '8febd5b9b3e6fa6b7d4e2b0b1a2c3d4e'),
  ('', '', '', 'Staff', 1, 'Group', NULL);
INSERT INTO email_addresses (user_id, address, is_default, created_on, updated_on) VALUES
  (1, 'ada@example.com', 1, now(), now()), (1, 'ada@mail.example.com', 0, now(), now()), (2, 'bob@example.com', 1, now(), now());
";

/// Joomla 5, installation/sql/mysql/base.sql.
pub(super) const JOOMLA: &str = r"
CREATE TABLE j5_users (
  id int NOT NULL AUTO_INCREMENT,
  name varchar(400) NOT NULL DEFAULT '',
  username varchar(150) NOT NULL DEFAULT '',
  email varchar(100) NOT NULL DEFAULT '',
  password varchar(100) NOT NULL DEFAULT '',
  block tinyint NOT NULL DEFAULT 0,
  sendEmail tinyint DEFAULT 0,
  registerDate datetime NOT NULL,
  lastvisitDate datetime,
  activation varchar(100) NOT NULL DEFAULT '',
  params text NOT NULL,
  lastResetTime datetime,
  resetCount int NOT NULL DEFAULT 0,
  otpKey varchar(1000) NOT NULL DEFAULT '',
  otep varchar(1000) NOT NULL DEFAULT '',
  requireReset tinyint NOT NULL DEFAULT 0,
  authProvider varchar(100) NOT NULL DEFAULT '',
  PRIMARY KEY (id),
  KEY idx_name (name(100)),
  KEY idx_block (block),
  UNIQUE KEY idx_username (username),
  KEY email (email)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 DEFAULT COLLATE=utf8mb4_unicode_ci;
CREATE TABLE j5_user_keys (id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, user_id varchar(150) NOT NULL,
  token varchar(255) NOT NULL, series varchar(191) NOT NULL UNIQUE);
INSERT INTO j5_users (name, username, email, password, block, registerDate, params) VALUES
  ('Ada Lovelace', 'ada', 'ada@example.com', '$2y$04$SEJj2breygnNDWxxa8BA2.nKExa1A21T2iTh8xzrPJasESe.9LtSu', 0, now(), '{}'),
  ('Bob Babbage', 'bob', 'bob@example.com', '$2y$04$SEJj2breygnNDWxxa8BA2.nKExa1A21T2iTh8xzrPJasESe.9LtSu', 1, now(), '{}');
";
