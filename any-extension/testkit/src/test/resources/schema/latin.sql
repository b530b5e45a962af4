SELECT 'Zoë';
