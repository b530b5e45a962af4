-- SPDX-License-Identifier: MIT
-- region tables
CREATE TABLE book (id integer PRIMARY KEY, title text NOT NULL);
-- endregion
