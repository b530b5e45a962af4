CREATE TABLE word (text text PRIMARY KEY);
