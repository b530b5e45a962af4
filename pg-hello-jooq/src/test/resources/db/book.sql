-- SPDX-License-Identifier: MIT
CREATE TABLE book (id integer PRIMARY KEY, title text NOT NULL);
